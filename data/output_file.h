// A large file written piece by piece that appears under its name only when it is whole.
#pragma once

#include <cstddef>
#include <string>

namespace tinyformer {

/// Throws data/write-failed for the file, with the next step for this errno.
[[noreturn]] void FailDataWrite(const std::string& path, int error);

/// Writes path.tmp-<pid>; Commit syncs it and renames it over path. Without Commit the temporary is
/// removed, so a kill or a full disk leaves the old file or none.
///
/// Errors  data/write-failed (disk full, no permission)
class OutputFile {
 public:
  /// Creates missing parent folders.
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void Write(const void* bytes, size_t count);
  void Commit();

 private:
  std::string path_, temporary_;
  int fd_ = -1;
};

}  // namespace tinyformer
