#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace tinyformer {
namespace {

[[noreturn]] void FailWrite(const std::string& path, int error) {
  const char* fix = error == ENOSPC ? "free some disk space, then run the same command again"
                    : error == EACCES
                        ? "choose a folder that you may write to"
                        : "check the path and the disk, then run the same command again";
  throw Error("file/write-failed", path, "a place that can be written", std::strerror(error), fix);
}

// Writes all bytes or returns errno.
int WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

void SyncParent(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  int fd = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

// A device or a pipe cannot be replaced: the bytes go into it.
void WriteToDevice(const std::string& path, std::string_view bytes) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) FailWrite(path, errno);
  int error = WriteAll(fd, bytes);
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error != 0) FailWrite(path, error);
}

// What a link names, so that the link stays one; anything else as it is.
std::string FollowLink(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

}  // namespace

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

void WriteFileAtomic(const std::string& path, std::string_view bytes) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    WriteToDevice(path, bytes);
    return;
  }
  std::string parent = std::filesystem::path(path).parent_path().string();
  if (!parent.empty()) MakeDirectories(parent);
  std::string target = FollowLink(path);
  std::string temporary = target + ".tmp-" + std::to_string(::getpid());
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) FailWrite(path, errno);
  int error = WriteAll(fd, bytes);
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    FailWrite(path, error);
  }
  SyncParent(target);
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
