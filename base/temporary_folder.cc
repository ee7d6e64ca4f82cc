#include "base/temporary_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>

#include "base/error.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "tinyformer-temporary-";
constexpr time_t kSettledSeconds = 60;  // a younger folder may not have been locked yet

}  // namespace

namespace internal {

int LockFolder(const fs::path& folder, int how) {
  const int lock = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock < 0) return -1;
  while (::flock(lock, LOCK_EX | how) != 0) {
    if (errno == EINTR) continue;
    ::close(lock);
    return -1;
  }
  return lock;
}

void RemoveAbandonedFolders(const fs::path& parent) {
  std::error_code error, ignored;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    const fs::path folder = it->path();
    if (folder.filename().string().rfind(kPrefix, 0) != 0) continue;
    const int lock = LockFolder(folder, LOCK_NB);
    if (lock < 0) continue;
    struct stat status = {};
    const bool ours = ::fstat(lock, &status) == 0 && status.st_uid == ::geteuid();
    if (ours && status.st_mtime + kSettledSeconds < ::time(nullptr)) {
      fs::remove_all(folder, ignored);
    }
    ::close(lock);
  }
}

}  // namespace internal

TemporaryFolder::TemporaryFolder() {
  // Its own name and mode: a folder that is there, a killed run's or a stranger's, is not taken.
  std::error_code code;
  const fs::path parent = fs::temp_directory_path(code);
  if (code) {
    const char* named = std::getenv("TMPDIR");
    throw Error("file/unusable-path", named != nullptr ? "$TMPDIR, " + std::string(named) : "/tmp",
                "a folder for temporary files", code.message(),
                "set TMPDIR to a folder that you may write to");
  }
  static std::once_flag once;
  std::call_once(once, internal::RemoveAbandonedFolders, parent);
  std::string path = (parent / (std::string(kPrefix) + "XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) {
    throw Error("file/write-failed", path, "a place that can be written", std::strerror(errno),
                "free some space there, or set TMPDIR to another folder");
  }
  path_ = path;
  lock_ = internal::LockFolder(path_, 0);  // who looks whether it is abandoned soon lets go
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace tinyformer
