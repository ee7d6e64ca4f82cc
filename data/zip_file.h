// The members of a zip file (what an .npz is), stored or deflated.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/mapped_file.h"

namespace tinyformer {

/// One member: where its bytes are in the file and what they become.
struct ZipMember {
  std::string name;
  bool deflated = false;
  uint32_t crc32 = 0;
  uint64_t offset = 0;        // of the first byte of the member's data in the file
  uint64_t stored_bytes = 0;  // in the file
  uint64_t bytes = 0;         // decoded
};

/// The central directory, checked: every member lies inside the file.
///
/// Takes   zip and zip64; methods 0 (stored) and 8 (deflate); no encryption, one volume
/// Errors  data/zip: names the file, what was expected and found
/// Source  PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3
std::vector<ZipMember> ReadZipDirectory(const MappedFile& file);

/// Hands the decoded bytes to sink piece by piece, at most 1 MiB each.
///
/// Errors  data/zip when the data does not decode, or size or CRC-32 differ
void DecodeZipMember(const MappedFile& file, const ZipMember& member,
                     const std::function<void(const uint8_t*, size_t)>& sink);

}  // namespace tinyformer
