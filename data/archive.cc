#include "data/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "data/mapped_file.h"

namespace tinyformer {
namespace {

constexpr size_t kBlock = 512;
constexpr uint64_t kLongestName = 4096;
constexpr unsigned kReadBytes = 1 << 20;

[[noreturn]] void FailArchive(const std::string& where, const std::string& expected,
                              const std::string& found) {
  throw Error("data/archive", where, expected, found, "download the archive again");
}

/// The archive's decompressed bytes, one after the other.
class GzipStream {
 public:
  explicit GzipStream(const std::string& path)
      : path_(path), probe_(path, "check the path"), file_(::gzopen(path.c_str(), "rb")) {
    if (file_ == nullptr) FailArchive(path_, "a .tar.gz file", "a file that cannot be opened");
  }
  ~GzipStream() { ::gzclose(file_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  void Read(uint8_t* to, unsigned count) {
    int got = ::gzread(file_, to, count);
    if (got >= 0 && static_cast<unsigned>(got) == count && ::gzdirect(file_) == 0) return;
    int code = Z_OK;
    const char* message = ::gzerror(file_, &code);
    bool whole = code == Z_OK || code == Z_STREAM_END;
    if (::gzdirect(file_) != 0) FailArchive(path_, "gzip data", "other bytes");
    FailArchive(path_, "a whole archive", whole ? "its end after " + Position() : message);
  }

 private:
  std::string Position() { return std::to_string(::gztell(file_)) + " unpacked bytes"; }

  std::string path_;
  MappedFile probe_;  // names a missing file before zlib does
  gzFile file_;
};

/// One entry's header; the fields that unpacking needs.
struct Entry {
  std::string name;
  uint64_t bytes = 0;
  char type = '0';
};

std::string Field(const uint8_t* block, size_t offset, size_t width) {
  const char* text = reinterpret_cast<const char*>(block) + offset;
  return {text, ::strnlen(text, width)};
}

/// An octal number, or GNU's base-256 form when the first bit is set.
uint64_t Number(const uint8_t* block, size_t offset, size_t width, const std::string& path) {
  uint64_t value = 0;
  if ((block[offset] & 0x80) != 0) {
    for (size_t i = offset + width - 8; i < offset + width; ++i) value = value << 8 | block[i];
    return value;
  }
  for (char c : Field(block, offset, width)) {
    if (c == ' ') continue;
    if (c < '0' || c > '7') FailArchive(path, "an octal number in a header", "other bytes");
    value = value * 8 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

bool AllZero(const std::array<uint8_t, kBlock>& block) {
  return std::all_of(block.begin(), block.end(), [](uint8_t b) { return b == 0; });
}

Entry ParseHeader(const std::array<uint8_t, kBlock>& block, const std::string& path) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : block[i];
  if (Number(block.data(), 148, 8, path) != sum) {
    FailArchive(path, "a tar header with its checksum", "other bytes");
  }
  Entry entry;
  entry.name = Field(block.data(), 0, 100);
  std::string prefix = Field(block.data(), 345, 155);
  if (std::memcmp(&block[257], "ustar\0", 6) == 0 && !prefix.empty()) {
    entry.name = prefix + "/" + entry.name;
  }
  entry.bytes = Number(block.data(), 124, 12, path);
  entry.type = block[156] == 0 ? '0' : static_cast<char>(block[156]);
  return entry;
}

/// The value of "path" in pax records "LENGTH KEY=VALUE\n", or fallback.
std::string PaxPath(const std::string& records, const std::string& fallback) {
  size_t at = records.find(" path=");
  if (at == std::string::npos) return fallback;
  size_t end = records.find('\n', at);
  return records.substr(at + 6, end == std::string::npos ? end : end - at - 6);
}

/// The name below the folder, or an error when it would lead out of it.
std::string SafeName(const Entry& entry, const std::string& path) {
  std::filesystem::path name(entry.name);
  bool inside = !entry.name.empty() && name.is_relative();
  for (const auto& part : name) inside = inside && part != "..";
  if (!inside || entry.name.find('\0') != std::string::npos) {
    FailArchive(path, "names inside the archive's own folder", "'" + entry.name + "'");
  }
  return name.lexically_normal().generic_string();
}

class Unpacker {
 public:
  Unpacker(const std::string& path, const std::string& folder, uint64_t most_bytes)
      : path_(path), folder_(folder), most_bytes_(most_bytes), stream_(path) {}

  std::vector<std::string> Run() {
    std::string long_name;
    for (std::array<uint8_t, kBlock> block;;) {
      stream_.Read(block.data(), kBlock);
      if (AllZero(block)) return files_;
      Entry entry = ParseHeader(block, path_);
      if (entry.type == 'L' || entry.type == 'x' || entry.type == 'g') {
        std::string text = ReadText(entry.bytes);
        if (entry.type == 'L') long_name = text.c_str();
        if (entry.type == 'x') long_name = PaxPath(text, long_name);
        continue;
      }
      if (!long_name.empty()) entry.name = long_name;
      long_name.clear();
      Unpack(entry);
    }
  }

 private:
  void Count(uint64_t bytes) {
    if (bytes > most_bytes_ - total_) {
      FailArchive(path_, "at most " + std::to_string(most_bytes_) + " bytes", "more than that");
    }
    total_ += bytes;
  }

  void SkipPadding(uint64_t bytes) {
    std::array<uint8_t, kBlock> rest;
    auto padding = static_cast<unsigned>((kBlock - bytes % kBlock) % kBlock);
    if (padding > 0) stream_.Read(rest.data(), padding);
  }

  std::string ReadText(uint64_t bytes) {
    if (bytes > kLongestName) {
      FailArchive(path_, "a name of at most " + std::to_string(kLongestName) + " bytes",
                  std::to_string(bytes) + " bytes");
    }
    std::string text(static_cast<size_t>(bytes), '\0');
    if (bytes > 0) {
      stream_.Read(reinterpret_cast<uint8_t*>(text.data()), static_cast<unsigned>(bytes));
    }
    SkipPadding(bytes);
    return text;
  }

  void Unpack(const Entry& entry) {
    std::string name = SafeName(entry, path_);
    std::string target = folder_ + "/" + name;
    if (entry.type == '5') {
      std::error_code error;
      std::filesystem::create_directories(target, error);
      if (error) FailWrite(target, error.value());
      return;
    }
    if (entry.type != '0' && entry.type != '7') {
      FailArchive(path_, "plain files and folders",
                  "'" + entry.name + "' of type '" + std::string(1, entry.type) + "'");
    }
    Count(entry.bytes);
    AtomicFile file(target);
    for (uint64_t left = entry.bytes; left > 0;) {
      ThrowIfInterrupted();
      auto count = static_cast<unsigned>(std::min<uint64_t>(left, kReadBytes));
      stream_.Read(buffer_.data(), count);
      file.Write({reinterpret_cast<const char*>(buffer_.data()), count});
      left -= count;
    }
    file.Commit();
    SkipPadding(entry.bytes);
    files_.push_back(name);
  }

  std::string path_, folder_;
  uint64_t most_bytes_, total_ = 0;
  GzipStream stream_;
  std::vector<std::string> files_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(kReadBytes);
};

}  // namespace

std::vector<std::string> UnpackTarGz(const std::string& path, const std::string& folder,
                                     uint64_t most_bytes) {
  return Unpacker(path, folder, most_bytes).Run();
}

}  // namespace tinyformer
