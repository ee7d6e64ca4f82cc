#include "data/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace tinyformer {

void FailDataWrite(const std::string& path, int error) {
  std::string fix = "check the path and the disk, then run the same command again";
  if (error == ENOSPC) fix = "free some disk space, then run the same command again";
  if (error == EACCES || error == EROFS) fix = "choose a folder that you may write to";
  throw Error("data/write-failed", path, "a place that can be written", std::strerror(error), fix);
}

OutputFile::OutputFile(const std::string& path)
    : path_(path), temporary_(path + ".tmp-" + std::to_string(::getpid())) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) FailDataWrite(path, error.value());
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) FailDataWrite(path, errno);
}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void OutputFile::Write(const void* bytes, size_t count) {
  const char* next = static_cast<const char*>(bytes);
  while (count > 0) {
    ssize_t written = ::write(fd_, next, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailDataWrite(path_, errno);
    next += written;
    count -= static_cast<size_t>(written);
  }
}

void OutputFile::Commit() {
  if (::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    FailDataWrite(path_, errno);
  }
  ::close(fd_);
  fd_ = -1;
}

}  // namespace tinyformer
