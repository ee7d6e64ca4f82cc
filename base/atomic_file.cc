#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/error.h"
#include "base/file.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// Two machines that share the folder may have processes of one number.
std::string TemporaryName(const std::string& target) {
  std::random_device random;
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, ".tmp-%08x%08x", random(), random());
  return target + suffix;
}

// What a link names, there or not, so that the link stays one; anything else as it is.
std::string FollowLink(const std::string& path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  fs::path target = path;
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(target, error); ++i) {
    target = target.parent_path() / fs::read_symlink(target, error);
  }
  return target.string();
}

void SyncParent(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  const int fd = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

void FailWrite(const std::string& path, int error) {
  const char* fix = "check the path and the disk, then run the same command again";
  if (error == ENOSPC) fix = "free some disk space, then run the same command again";
  if (error == EACCES || error == EROFS) fix = "choose a folder that you may write to";
  throw Error("file/write-failed", path, "a place that can be written", std::strerror(error), fix);
}

int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

AtomicFile::AtomicFile(const std::string& path, unsigned mode) : path_(path) {
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) FailWrite(path, EISDIR);
  if (exists && !S_ISREG(info.st_mode)) {  // a device or a pipe cannot be replaced
    fd_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    const std::string parent = fs::path(path).parent_path().string();
    if (!parent.empty()) MakeDirectories(parent);
    target_ = FollowLink(path);
    temporary_ = TemporaryName(target_);
    fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  }
  if (fd_ < 0) FailWrite(path, errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::Write(std::string_view bytes) {
  if (const int error = WriteAll(fd_, bytes); error != 0) FailWrite(path_, error);
}

void AtomicFile::Commit() {
  const bool device = temporary_.empty();
  if (!device && ::fsync(fd_) != 0) FailWrite(path_, errno);
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) FailWrite(path_, errno);
  if (device) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) FailWrite(path_, errno);
  temporary_.clear();
  SyncParent(target_);
}

}  // namespace tinyformer
