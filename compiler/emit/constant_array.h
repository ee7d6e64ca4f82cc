// Constant arrays of the generated program and their C++ text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// One array of weights.cc: "alignas(4) const int8_t layer3_values[1234] = {...};".
struct ConstantArray {
  std::string name;  // a C++ identifier
  DType type = DType::kInt8;
  std::string comment;  // what it is, one line
  std::string bytes;    // little-endian elements
};

/// A name from a model file as it may stand in a comment or a text of the generated program:
/// letters, digits and ._/:- stay, every other character becomes '_', and only the first 200 are
/// kept. Names from outside are hostile: one with a newline would add code.
std::string PlainName(const std::string& name);

/// "int8_t", "uint8_t", "int16_t", "int32_t".
std::string CType(DType type);

/// The array's definition, comment line first, lines of at most 100 columns. An empty array is
/// defined with one zero.
std::string DefinitionText(const ConstantArray& array);

/// "extern const int8_t layer3_values[1234];"
std::string DeclarationText(const ConstantArray& array);

}  // namespace tinyformer
