// Named tensors in one checksummed file (the safetensors layout), readable without libtorch.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/shape.h"

namespace tinyformer {

/// One tensor: its bytes are little-endian and row-major.
///
/// Types  "F32" "F64" "BF16" "I8" "U8" "I32" "I64" (safetensors' names)
struct NamedTensor {
  std::string dtype;
  Shape shape;
  std::string bytes;

  static NamedTensor Float32(Shape shape, const float* values);
  /// The values as float.
  /// Errors (bug)  dtype is not F32
  std::vector<float> Floats() const;
};

/// What a safetensors file holds: tensors by name and a flat text -> text metadata table.
struct TensorFile {
  std::map<std::string, NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes of the file: 8-byte header length, JSON header, tensor data. metadata["checksum"] is the
/// XXH64 of the tensor data; equal contents give equal bytes.
std::string EncodeTensors(const TensorFile& file);

/// Checks header, offsets, sizes and checksum; name is what the user calls the file.
///
/// Errors  tensors/truncated, tensors/header, tensors/checksum
TensorFile DecodeTensors(const std::string& bytes, const std::string& name);

/// ReadFile + DecodeTensors, and WriteFileAtomic of EncodeTensors.
TensorFile ReadTensors(const std::string& path);
void WriteTensors(const std::string& path, const TensorFile& file);

}  // namespace tinyformer
