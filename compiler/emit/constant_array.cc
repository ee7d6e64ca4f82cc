#include "compiler/emit/constant_array.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tinyformer {
namespace {

constexpr size_t kColumns = 100;

int64_t ElementAt(const ConstantArray& array, size_t i) {
  const auto load = [&](auto value) {
    std::memcpy(&value, array.bytes.data() + i * sizeof value, sizeof value);
    return static_cast<int64_t>(value);
  };
  switch (array.type) {
    case DType::kInt8:
      return load(int8_t{});
    case DType::kUint8:
      return load(uint8_t{});
    case DType::kInt16:
      return load(int16_t{});
    case DType::kInt32:
      return load(int32_t{});
    default:
      TF_CHECK(false, array.name, "type", DTypeName(array.type));
      return 0;
  }
}

size_t ElementsOf(const ConstantArray& array) {
  return array.bytes.size() / static_cast<size_t>(DTypeBytes(array.type));
}

std::string Head(const ConstantArray& array) {
  const size_t elements = std::max<size_t>(1, ElementsOf(array));
  return "const " + CType(array.type) + " " + array.name + "[" + std::to_string(elements) + "]";
}

}  // namespace

std::string PlainName(const std::string& name) {
  constexpr size_t kLongest = 200;
  std::string plain = name.substr(0, kLongest);
  for (char& c : plain) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool kept = letter || (c >= '0' && c <= '9') || std::strchr("._/:-", c) != nullptr;
    if (!kept || c == '\0') c = '_';
  }
  // "/*" and "*/" cannot occur without '*'; "//" inside a comment is harmless.
  return plain;
}

std::string CType(DType type) { return std::string(DTypeName(type)) + "_t"; }

std::string DefinitionText(const ConstantArray& array) {
  std::string text = "// " + array.comment + "\nalignas(4) " + Head(array) + " = {\n";
  std::string line = "   ";
  const size_t elements = ElementsOf(array);
  for (size_t i = 0; i < elements; ++i) {
    std::string item = std::to_string(ElementAt(array, i));
    // The lowest int32 has no literal: -2147483648 is a negated long.
    if (array.type == DType::kInt32 && item == "-2147483648") item = "-2147483647 - 1";
    if (line.size() + 1 + item.size() + 1 > kColumns) {
      text += line + "\n";
      line = "   ";
    }
    line += ' ';
    line += item;
    line += ',';
  }
  if (elements == 0) line += " 0,";
  return text + line + "\n};\n";
}

std::string DeclarationText(const ConstantArray& array) {
  std::string text = "extern ";
  text += Head(array);
  text += ";\n";
  return text;
}

}  // namespace tinyformer
