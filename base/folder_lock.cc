#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {

FolderLock::FolderLock(const std::string& path, std::string waiting)
    : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
  if (fd_ < 0) {
    throw Error("file/write-failed", path, "a place that can be written",
                "no permission, or no space", "choose a folder that you may write to");
  }
  constexpr int kLookMicroseconds = 50'000;
  while (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (InterruptRequested() || (errno != EWOULDBLOCK && errno != EINTR)) {
      ::close(fd_);
      ThrowIfInterrupted();
      throw Error("file/write-failed", path, "a file system with locks", "no lock",
                  "choose a folder on this machine's disk");
    }
    std::fputs(waiting.c_str(), stderr);
    waiting.clear();
    ::usleep(kLookMicroseconds);
  }
}

FolderLock::~FolderLock() { ::close(fd_); }

}  // namespace tinyformer
