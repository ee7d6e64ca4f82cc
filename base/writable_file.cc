#include "base/writable_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// Folders that there are not, the innermost first; gone again at the end.
class MissingFolders {
 public:
  explicit MissingFolders(const fs::path& file) {
    std::error_code ignored;
    for (fs::path folder = file.parent_path(); !folder.empty() && !fs::exists(folder, ignored);
         folder = folder.parent_path()) {
      folders_.push_back(folder);
    }
  }
  ~MissingFolders() {
    std::error_code ignored;
    for (const fs::path& folder : folders_) fs::remove(folder, ignored);
  }
  MissingFolders(const MissingFolders&) = delete;
  MissingFolders& operator=(const MissingFolders&) = delete;

 private:
  std::vector<fs::path> folders_;
};

}  // namespace

void RequireWritableFile(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    // A device or a pipe: opening it could wait for a reader.
    if (::access(path.c_str(), W_OK) != 0) FailWrite(path, errno);
    return;
  }
  const MissingFolders missing(path);
  try {
    const AtomicFile uncommitted(path);
  } catch (const Error& error) {
    throw Error(error.code(), path, error.expected(), error.found(), error.fix());
  }
}

}  // namespace tinyformer
