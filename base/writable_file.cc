#include "base/writable_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/file.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void FailWrite(const std::string& path, int error) {
  throw Error("file/write-failed", path, "a place that can be written", std::strerror(error),
              "check the path and the disk, then run the same command again");
}

// Folders that there are not, the innermost first.
std::vector<fs::path> MissingFolders(const fs::path& file) {
  std::vector<fs::path> missing;
  std::error_code ignored;
  for (fs::path folder = file.parent_path(); !folder.empty() && !fs::exists(folder, ignored);
       folder = folder.parent_path()) {
    missing.push_back(folder);
  }
  return missing;
}

}  // namespace

void RequireWritableFile(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) FailWrite(path, EISDIR);
    if (!S_ISREG(info.st_mode)) {  // a device or a pipe is written to, not replaced
      if (::access(path.c_str(), W_OK) != 0) FailWrite(path, errno);
      return;
    }
  }
  const std::vector<fs::path> missing = MissingFolders(path);
  const std::string probe = path + ".probe";
  const auto clear = [&] {
    std::error_code ignored;
    fs::remove(probe, ignored);
    for (const fs::path& folder : missing) fs::remove(folder, ignored);
  };
  try {
    WriteFileAtomic(probe, "");
  } catch (const Error& error) {
    clear();
    throw Error(error.code(), path, error.expected(), error.found(), error.fix());
  }
  clear();
}

}  // namespace tinyformer
