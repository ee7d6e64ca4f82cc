// Small .npy arrays and .npz files, made by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/shape.h"

namespace tinyformer::testing {

/// A .npy file: version 1 or 2, header padded to 64 bytes as NumPy does.
std::string Npy(const std::string& type, const Shape& shape, const std::string& data,
                int version = 1);

struct NpzMember {
  std::string name;  // "data.npy"
  std::string bytes;
  bool deflate = false;
};

/// A zip file. zip64: sizes in zip64 extra fields, as NumPy writes them for large arrays.
std::string Npz(const std::vector<NpzMember>& members, bool zip64 = false);

/// Labels as int64.
std::string Int64s(const std::vector<int64_t>& values);

}  // namespace tinyformer::testing
