// One process at a time in a folder.
#pragma once

#include <string>

namespace tinyformer {

/// Holds the lock file at `path` (made if it is not there, never removed) until destruction; waits
/// while another process has it, and first prints `waiting` on standard error. A process that dies
/// lets go.
///
/// Errors  file/write-failed (the file cannot be made); Interrupted while it waits
class FolderLock {
 public:
  explicit FolderLock(const std::string& path, std::string waiting = "");
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_;
};

}  // namespace tinyformer
