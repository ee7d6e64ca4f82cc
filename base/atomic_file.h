// A file written piece by piece that appears under its name only when it is whole.
#pragma once

#include <string>
#include <string_view>

namespace tinyformer {

/// Throws file/write-failed for the path, with the next step for this errno.
[[noreturn]] void FailWrite(const std::string& path, int error);

/// Writes all bytes to a descriptor; 0, or the errno with which that ended.
int WriteAll(int fd, std::string_view bytes);

/// Writes a file beside the path, path.tmp-<16 random digits>; Commit syncs it and renames it over
/// the path. Without Commit it is removed: a failure leaves the old file or none, a kill that and
/// the file beside it. Missing parent folders are created; a link stays, what it names is replaced;
/// a device or pipe (/dev/stdout) gets the bytes as they come.
///
/// Errors  file/write-failed (disk full, no permission, a folder)
class AtomicFile {
 public:
  /// mode: of the file once it is there, if no umask takes more away.
  explicit AtomicFile(const std::string& path, unsigned mode = 0644);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view bytes);
  void Commit();

 private:
  std::string path_;
  std::string target_, temporary_;  // what is renamed over what; empty for a device
  int fd_ = -1;
};

}  // namespace tinyformer
