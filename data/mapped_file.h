// A file's bytes mapped into memory, read only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tinyformer {

/// Maps a whole file. The bytes are paged in as they are read, so a file may exceed the RAM.
///
/// Errors  data/missing, data/unreadable (a folder, no permission, a disk error)
class MappedFile {
 public:
  /// fix is what the user should do when the file is missing.
  MappedFile(const std::string& path, const std::string& fix);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tinyformer
