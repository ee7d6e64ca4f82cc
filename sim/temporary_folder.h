// A folder for one run's files, removed at the end.
#pragma once

#include <filesystem>
#include <string>

namespace tinyformer {

class TemporaryFolder {
 public:
  /// Makes an empty folder under the system's temporary directory ($TMPDIR). Errors
  /// file/write-failed
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace tinyformer
