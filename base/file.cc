#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/atomic_file.h"

namespace tinyformer {

std::string ReadFile(const std::string& path, uint64_t max_bytes) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw Error("file/missing", path, "a file", "nothing at this path", "check the path");
    }
    throw Error("file/unreadable", path, "a file that can be read", std::strerror(errno),
                "check its permissions");
  }
  struct stat info {};
  ::fstat(fd, &info);
  if (S_ISDIR(info.st_mode)) {
    ::close(fd);
    throw Error("file/is-directory", path, "a file", "a folder", "name a file inside it");
  }
  auto fail_too_large = [&] {
    ::close(fd);
    throw Error("file/too-large", path, "at most " + std::to_string(max_bytes) + " bytes",
                "more than that", "check that this is the file you meant");
  };
  std::string bytes;
  if (S_ISREG(info.st_mode)) {
    if (static_cast<uint64_t>(info.st_size) > max_bytes) fail_too_large();
    bytes.reserve(static_cast<size_t>(info.st_size));
  }
  char buffer[1 << 16];
  for (;;) {
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      int error = errno;
      ::close(fd);
      throw Error("file/unreadable", path, "a file that can be read", std::strerror(error),
                  "check the disk");
    }
    if (n == 0) break;
    bytes.append(buffer, static_cast<size_t>(n));
    if (bytes.size() > max_bytes) fail_too_large();
  }
  ::close(fd);
  return bytes;
}

void WriteFileAtomic(const std::string& path, std::string_view bytes, unsigned mode) {
  AtomicFile file(path, mode);
  file.Write(bytes);
  file.Commit();
}

void AppendLine(const std::string& path, std::string_view line) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) FailWrite(path, errno);
  int error = WriteAll(fd, std::string(line) + "\n");
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error != 0) FailWrite(path, error);
}

void MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) FailWrite(path, error.value());
}

Error PathError(const std::filesystem::filesystem_error& error) {
  if (error.code() == std::errc::no_space_on_device) {
    return {"file/write-failed", (error.path2().empty() ? error.path1() : error.path2()).string(),
            "a place that can be written", error.code().message(),
            "free some disk space, then run the same command again"};
  }
  return {"file/unusable-path", error.path1().string(), "a path that can be used",
          error.code().message(), "check the path, its links and its permissions"};
}

std::string Checksum(std::string_view bytes) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(XXH64(bytes.data(), bytes.size(), 0)));
  return text;
}

}  // namespace tinyformer
