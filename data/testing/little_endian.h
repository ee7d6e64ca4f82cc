// Numbers as little-endian bytes, for files that tests make.
#pragma once

#include <cstdint>
#include <string>

namespace tinyformer::testing {

/// The low `width` bytes of value, lowest first; beyond eight they are 0.
inline std::string LittleEndian(uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i, value >>= 8) bytes += static_cast<char>(value);
  return bytes;
}

}  // namespace tinyformer::testing
