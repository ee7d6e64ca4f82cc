#include "data/zip_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "base/error.h"

namespace tinyformer {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint64_t kCentralBytes = 46, kLocalBytes = 30;
constexpr uint64_t kLongestComment = 65535;
constexpr size_t kPieceBytes = size_t{1} << 20;

[[noreturn]] void FailZip(const std::string& where, const std::string& expected,
                          const std::string& found) {
  throw Error("data/zip", where, expected, found, "download the file again");
}

/// Little-endian numbers at any offset of the file, bounds checked.
class Bytes {
 public:
  explicit Bytes(const MappedFile& file) : file_(file) {}

  uint64_t Number(uint64_t offset, int width) const {
    Require(offset, static_cast<uint64_t>(width));
    uint64_t value = 0;
    for (int i = 0; i < width; ++i) {
      value |= static_cast<uint64_t>(file_.data()[offset + static_cast<uint64_t>(i)]) << (8 * i);
    }
    return value;
  }

  void Require(uint64_t offset, uint64_t count) const {
    if (offset > file_.size() || count > file_.size() - offset) {
      FailZip(file_.path(), "a zip file of at least " + Sum(offset, count) + " bytes",
              std::to_string(file_.size()) + " bytes");
    }
  }

  std::string Text(uint64_t offset, uint64_t count) const {
    Require(offset, count);
    return {reinterpret_cast<const char*>(file_.data()) + offset, static_cast<size_t>(count)};
  }

 private:
  static std::string Sum(uint64_t a, uint64_t b) {
    return a > std::numeric_limits<uint64_t>::max() - b ? "2^64" : std::to_string(a + b);
  }

  const MappedFile& file_;
};

struct Directory {
  uint64_t offset, entries;
};

Directory FindDirectory(const MappedFile& file, const Bytes& bytes) {
  uint64_t size = file.size();
  uint64_t lowest = size > kEndBytes + kLongestComment ? size - kEndBytes - kLongestComment : 0;
  for (uint64_t end = size < kEndBytes ? 0 : size - kEndBytes + 1; end-- > lowest;) {
    if (bytes.Number(end, 4) != kEndSignature) continue;
    Directory directory{bytes.Number(end + 16, 4), bytes.Number(end + 10, 2)};
    bool zip64 = directory.offset == 0xffffffff || directory.entries == 0xffff;
    if (zip64 && end >= kLocatorBytes &&
        bytes.Number(end - kLocatorBytes, 4) == kEnd64LocatorSignature) {
      uint64_t end64 = bytes.Number(end - kLocatorBytes + 8, 8);
      bytes.Require(end64, kEnd64Bytes);
      if (bytes.Number(end64, 4) != kEnd64Signature) {
        FailZip(file.path(), "a zip64 end of directory where the locator points", "other bytes");
      }
      directory = {bytes.Number(end64 + 48, 8), bytes.Number(end64 + 32, 8)};
    }
    return directory;
  }
  FailZip(file.path(), "a zip file (an .npz) with a directory at its end",
          std::to_string(size) + " bytes without one");
}

/// Replaces the fields that are saturated in the central header by those of its zip64 extra field.
void ApplyZip64(const Bytes& bytes, uint64_t extra, uint64_t extra_bytes, ZipMember& member,
                uint64_t& header) {
  for (uint64_t at = extra; at + 4 <= extra + extra_bytes;) {
    uint64_t id = bytes.Number(at, 2), length = bytes.Number(at + 2, 2);
    if (id == 1) {
      uint64_t next = at + 4;
      for (uint64_t* field : {&member.bytes, &member.stored_bytes, &header}) {
        if (*field != 0xffffffff || next + 8 > at + 4 + length) continue;
        *field = bytes.Number(next, 8);
        next += 8;
      }
    }
    at += 4 + length;
  }
}

}  // namespace

std::vector<ZipMember> ReadZipDirectory(const MappedFile& file) {
  Bytes bytes(file);
  Directory directory = FindDirectory(file, bytes);
  std::vector<ZipMember> members;
  uint64_t at = directory.offset;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    bytes.Require(at, kCentralBytes);
    if (bytes.Number(at, 4) != kCentralSignature) {
      FailZip(file.path(), "directory entry " + std::to_string(i), "other bytes");
    }
    uint64_t flags = bytes.Number(at + 8, 2), method = bytes.Number(at + 10, 2);
    ZipMember member;
    member.crc32 = static_cast<uint32_t>(bytes.Number(at + 16, 4));
    member.stored_bytes = bytes.Number(at + 20, 4);
    member.bytes = bytes.Number(at + 24, 4);
    uint64_t name_bytes = bytes.Number(at + 28, 2), extra_bytes = bytes.Number(at + 30, 2);
    uint64_t header = bytes.Number(at + 42, 4);
    member.name = bytes.Text(at + kCentralBytes, name_bytes);
    ApplyZip64(bytes, at + kCentralBytes + name_bytes, extra_bytes, member, header);
    std::string where = file.path() + ", member '" + member.name + "'";
    if ((flags & 1) != 0 || (method != 0 && method != 8)) {
      FailZip(where, "stored or deflated, not encrypted",
              (flags & 1) != 0 ? "encrypted" : "method " + std::to_string(method));
    }
    member.deflated = method == 8;
    bytes.Require(header, kLocalBytes);
    if (bytes.Number(header, 4) != kLocalSignature) FailZip(where, "a local header", "other bytes");
    member.offset =
        header + kLocalBytes + bytes.Number(header + 26, 2) + bytes.Number(header + 28, 2);
    bytes.Require(member.offset, member.stored_bytes);
    if (!member.deflated && member.bytes != member.stored_bytes) {
      FailZip(where, std::to_string(member.bytes) + " stored bytes",
              std::to_string(member.stored_bytes) + " bytes");
    }
    members.push_back(member);
    at += kCentralBytes + name_bytes + extra_bytes + bytes.Number(at + 32, 2);
  }
  return members;
}

void DecodeZipMember(const MappedFile& file, const ZipMember& member,
                     const std::function<void(const uint8_t*, size_t)>& sink) {
  std::string where = file.path() + ", member '" + member.name + "'";
  const uint8_t* input = file.data() + member.offset;
  uLong crc = ::crc32(0, nullptr, 0);
  uint64_t decoded = 0;
  auto deliver = [&](const uint8_t* piece, size_t count) {
    decoded += count;
    if (decoded > member.bytes) {
      FailZip(where, std::to_string(member.bytes) + " bytes", "more than that");
    }
    crc = ::crc32(crc, piece, static_cast<uInt>(count));
    sink(piece, count);
  };
  if (!member.deflated) {
    for (uint64_t at = 0; at < member.bytes; at += kPieceBytes) {
      deliver(input + at, static_cast<size_t>(std::min<uint64_t>(kPieceBytes, member.bytes - at)));
    }
  } else {
    z_stream stream{};
    if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    std::unique_ptr<z_stream, decltype(&::inflateEnd)> guard(&stream, &::inflateEnd);
    std::vector<uint8_t> piece(kPieceBytes);
    uint64_t taken = 0;
    for (int status = Z_OK; status != Z_STREAM_END;) {
      if (stream.avail_in == 0) {
        uint64_t count = std::min<uint64_t>(kPieceBytes, member.stored_bytes - taken);
        stream.next_in = const_cast<uint8_t*>(input + taken);
        stream.avail_in = static_cast<uInt>(count);
        taken += count;
      }
      stream.next_out = piece.data();
      stream.avail_out = static_cast<uInt>(piece.size());
      status = ::inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END) {
        FailZip(where, "deflated data", "damage after " + std::to_string(decoded) + " bytes");
      }
      deliver(piece.data(), piece.size() - stream.avail_out);
    }
  }
  if (decoded != member.bytes || crc != member.crc32) {
    char text[80];
    std::snprintf(text, sizeof text, "%llu bytes with CRC-32 %08lx",
                  static_cast<unsigned long long>(decoded), static_cast<unsigned long>(crc));
    char expected[80];
    std::snprintf(expected, sizeof expected, "%llu bytes with CRC-32 %08lx",
                  static_cast<unsigned long long>(member.bytes),
                  static_cast<unsigned long>(member.crc32));
    FailZip(where, expected, text);
  }
}

}  // namespace tinyformer
