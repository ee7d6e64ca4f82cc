// The header of a NumPy .npy array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/shape.h"

namespace tinyformer {

/// What the bytes after the header are: row-major elements, little-endian.
struct NpyHeader {
  char kind = 'u';          // 'u' unsigned, 'i' signed, 'f' float
  int item_bytes = 1;       // 1, 2, 4, 8
  Shape shape;              // every dimension >= 0
  uint64_t data_bytes = 0;  // elements times item_bytes
  size_t data_offset = 0;   // of the first element
};

/// Reads versions 1, 2 and 3 of the header from an array's first bytes; name is what the user calls
/// the array.
///
/// Errors  data/npy: magic, version, a type other than |u1 <u2 <i8 ..., Fortran order, a shape
///         whose bytes do not match total_bytes
/// Source  NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays"
NpyHeader ParseNpyHeader(const uint8_t* bytes, size_t count, uint64_t total_bytes,
                         const std::string& name);

}  // namespace tinyformer
