// A folder for one run's files, removed at the end.
#pragma once

#include <filesystem>
#include <string>

namespace tinyformer {

class TemporaryFolder {
 public:
  /// Makes an empty folder under the system's temporary directory ($TMPDIR). The first one of a
  /// process removes those that killed processes have left there.
  /// Errors  file/unusable-path, file/write-failed
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // the folder itself, locked while we live: the kernel unlocks it when we do not
};

namespace internal {

/// The folder's descriptor with the lock on it, waited for while another process has that, or with
/// LOCK_NB as how not. -1 without a lock: held by another, or a file system that has none.
int LockFolder(const std::filesystem::path& folder, int how);

/// Removes from parent this user's temporary folders that no process holds: theirs were killed.
void RemoveAbandonedFolders(const std::filesystem::path& parent);

}  // namespace internal
}  // namespace tinyformer
