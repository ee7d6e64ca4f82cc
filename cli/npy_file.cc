#include "cli/npy_file.h"

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "compiler/ops/evaluate.h"
#include "data/npy.h"

namespace tinyformer {
namespace {

constexpr size_t kHeaderAlignment = 64;
constexpr size_t kPreambleBytes = 10;  // magic, version, header length

// The shape of one image: the input's without its batch of 1.
Shape ImageShape(const Shape& shape) { return {shape.begin() + 1, shape.end()}; }

void RequireImages(const std::string& path, const Shape& found, const Firmware& firmware) {
  const Shape image = ImageShape(firmware.input_shape);
  if (found == image) return;
  if (found.size() == image.size() + 1 && ImageShape(found) == image && found[0] > 0) return;
  Shape wanted = image;
  wanted.insert(wanted.begin(), -1);
  std::string text = ToString(wanted);
  text.replace(text.find("-1"), 2, "n");
  throw Error("cli/input-shape", path, "an array of shape " + text + ", channels last",
              ToString(found), "transpose or resize the images");
}

template <typename T>
std::vector<int8_t> Quantized(const std::string& path, const char* data, size_t count,
                              const Firmware& firmware) {
  std::vector<int8_t> result(count);
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i * sizeof(T), sizeof(T));
    if (!std::isfinite(value)) {
      throw Error("data/npy", path, "finite numbers",
                  "NaN or infinity at element " + std::to_string(i), "correct the array");
    }
    result[i] =
        QuantizeToInt8(static_cast<float>(value), firmware.input_scale, firmware.input_zero_point);
  }
  return result;
}

// Version 1.0 of the .npy header, padded so that the data is aligned.
std::string Header(const std::string& type, const Shape& shape) {
  std::string dimensions;
  for (int64_t dimension : shape)
    dimensions += (dimensions.empty() ? "" : " ") + std::to_string(dimension) + ",";
  std::string text =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + dimensions + "), }";
  while ((kPreambleBytes + text.size() + 1) % kHeaderAlignment != 0) text += ' ';
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xFF);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

NpyHeader ReadHeader(const std::string& path, const std::string& bytes) {
  try {
    return ParseNpyHeader(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                          bytes.size(), path);
  } catch (const Error& error) {  // written for downloads
    throw Error(error.code(), error.where(), error.expected(), error.found(),
                "write the array again, for example with numpy.save");
  }
}

}  // namespace

std::vector<int8_t> ReadInputArray(const std::string& path, const Firmware& firmware) {
  const std::string bytes = ReadFile(path);
  const NpyHeader header = ReadHeader(path, bytes);
  RequireImages(path, header.shape, firmware);
  const char* data = bytes.data() + header.data_offset;
  const size_t count = header.data_bytes / static_cast<size_t>(header.item_bytes);
  if (header.kind == 'f' && header.item_bytes == 4)
    return Quantized<float>(path, data, count, firmware);
  if (header.kind == 'f' && header.item_bytes == 8)
    return Quantized<double>(path, data, count, firmware);
  if (header.kind != 'i' || header.item_bytes != 1) {
    throw Error("data/npy", path, "int8 (quantized) or float32 (normalised) elements",
                std::string(1, header.kind) + std::to_string(header.item_bytes) + " elements",
                "convert the array");
  }
  std::vector<int8_t> inputs(count);
  std::memcpy(inputs.data(), data, count);
  return inputs;
}

void WriteArray(const std::string& path, const Shape& one, const std::vector<int8_t>& elements) {
  Shape shape = one;
  shape.at(0) = static_cast<int64_t>(elements.size()) / ElementCount(ImageShape(one));
  WriteFileAtomic(path,
                  Header("|i1", shape) +
                      std::string(reinterpret_cast<const char*>(elements.data()), elements.size()));
}

void WriteArray(const std::string& path, const std::vector<int64_t>& numbers) {
  WriteFileAtomic(path, Header("<i8", {static_cast<int64_t>(numbers.size())}) +
                            std::string(reinterpret_cast<const char*>(numbers.data()),
                                        numbers.size() * sizeof(int64_t)));
}

}  // namespace tinyformer
