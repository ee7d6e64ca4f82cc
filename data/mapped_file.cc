#include "data/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace tinyformer {
namespace {

[[noreturn]] void FailRead(const std::string& path, const std::string& found,
                           const std::string& fix) {
  throw Error("data/unreadable", path, "a file that can be read", found, fix);
}

}  // namespace

MappedFile::MappedFile(const std::string& path, const std::string& fix) : path_(path) {
  // A pipe is refused, not waited for.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error("data/missing", path, "a file", "nothing at this path", fix);
    }
    FailRead(path, std::strerror(errno), "check its permissions");
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    FailRead(path, S_ISDIR(info.st_mode) ? "a folder" : "not a plain file",
             "name the folder that holds the data set's files");
  }
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) {
      int error = errno;
      ::close(fd);
      FailRead(path, std::strerror(error), "check the disk");
    }
    data_ = static_cast<const uint8_t*>(mapped);
  }
  ::close(fd);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace tinyformer
