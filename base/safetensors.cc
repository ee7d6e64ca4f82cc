#include "base/safetensors.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace tinyformer {
namespace {

int64_t ElementBytes(const std::string& dtype) {
  if (dtype == "F64" || dtype == "I64") return 8;
  if (dtype == "F32" || dtype == "I32") return 4;
  if (dtype == "BF16") return 2;
  if (dtype == "I8" || dtype == "U8") return 1;
  return 0;
}

// Of the header without the two checksums, which stand in it.
std::string HeaderChecksum(Json header) {
  header["__metadata__"].erase("checksum");
  header["__metadata__"].erase("header_checksum");
  return Checksum(header.dump());
}

[[noreturn]] void FailChecksum(const std::string& name, const std::string& what,
                               const std::string& expected, const std::string& actual) {
  throw Error("tensors/checksum", name, what + " with checksum " + expected, actual,
              "copy or write the file again: its bytes have changed");
}

[[noreturn]] void FailHeader(const std::string& name, const std::string& expected,
                             const std::string& found) {
  throw Error("tensors/header", name, expected, found,
              "write the file again: it is damaged or of another format");
}

NamedTensor DecodeEntry(const Json& entry, const std::string& key, const std::string& name,
                        const char* data, uint64_t data_bytes, uint64_t& taken) {
  NamedTensor tensor;
  tensor.dtype = RequireKey<std::string>(entry, "dtype", name, "a tensor type");
  tensor.shape = RequireKey<Shape>(entry, "shape", name, "a list of dimensions");
  auto offsets = RequireKey<std::vector<uint64_t>>(entry, "data_offsets", name, "[begin, end]");
  int64_t bytes = ElementBytes(tensor.dtype);
  if (bytes == 0)
    FailHeader(name, "F32, F64, BF16, I8, U8, I32 or I64 for tensor '" + key + "'", tensor.dtype);
  for (int64_t dim : tensor.shape) {
    if (dim < 0 || dim > (int64_t{1} << 32) || __builtin_mul_overflow(bytes, dim, &bytes)) {
      FailHeader(name, "a usable shape for tensor '" + key + "'", ToString(tensor.shape));
    }
  }
  if (offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] > data_bytes) {
    throw Error("tensors/truncated", name,
                "tensor '" + key + "' in bytes " + std::to_string(offsets[0]) + " to " +
                    std::to_string(offsets[1]) + " of the data",
                std::to_string(data_bytes) + " bytes of data", "copy or write the file again");
  }
  if (offsets.size() != 2 || offsets[0] > offsets[1] ||
      offsets[1] - offsets[0] != static_cast<uint64_t>(bytes)) {
    FailHeader(name, std::to_string(bytes) + " bytes for tensor '" + key + "'",
               "offsets " + entry["data_offsets"].dump());
  }
  taken += offsets[1] - offsets[0];
  if (taken > data_bytes) {  // a small file must not become many copies of its bytes
    FailHeader(name, "tensors that do not overlap, in " + std::to_string(data_bytes) + " bytes",
               std::to_string(taken) + " bytes up to tensor '" + key + "'");
  }
  tensor.bytes.assign(data + offsets[0], data + offsets[1]);
  return tensor;
}

}  // namespace

NamedTensor NamedTensor::Float32(Shape shape, const float* values) {
  NamedTensor tensor{"F32", std::move(shape), ""};
  tensor.bytes.assign(reinterpret_cast<const char*>(values),
                      static_cast<size_t>(ElementCount(tensor.shape)) * 4);
  return tensor;
}

std::vector<float> NamedTensor::Floats() const {
  TF_CHECK(dtype == "F32", "dtype", dtype);
  std::vector<float> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), values.size() * 4);
  return values;
}

std::string EncodeTensors(const TensorFile& file) {
  std::string data;
  Json header = Json::object();
  Json entries = Json::object();
  for (const auto& [name, tensor] : file.tensors) {
    TF_CHECK(static_cast<int64_t>(tensor.bytes.size()) ==
                 ElementCount(tensor.shape) * ElementBytes(tensor.dtype),
             name);
    entries[name] = {{"dtype", tensor.dtype},
                     {"shape", tensor.shape},
                     {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  Json metadata = Json::object();
  for (const auto& [key, value] : file.metadata) metadata[key] = value;
  metadata["checksum"] = Checksum(data);
  header["__metadata__"] = metadata;
  header.update(entries);
  header["__metadata__"]["header_checksum"] = HeaderChecksum(header);
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t size = text.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + text + data;
}

TensorFile DecodeTensors(const std::string& bytes, const std::string& name) {
  uint64_t size = 0;
  if (bytes.size() >= 8) std::memcpy(&size, bytes.data(), 8);
  if (bytes.size() < 8 || size > bytes.size() - 8) {
    throw Error("tensors/truncated", name, "a safetensors file with its whole header",
                std::to_string(bytes.size()) + " bytes", "copy or write the file again");
  }
  Json header = ParseJson(std::string_view(bytes).substr(8, size), name);
  if (!header.is_object()) FailHeader(name, "a header that is a JSON object", JsonTypeName(header));
  const char* data = bytes.data() + 8 + size;
  uint64_t data_bytes = bytes.size() - 8 - size;
  uint64_t taken = 0;
  TensorFile file;
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") {
      for (const auto& [k, v] : value.items()) {
        if (!v.is_string()) FailHeader(name, "texts in __metadata__", JsonTypeName(v));
        file.metadata[k] = v.get<std::string>();
      }
    } else {
      file.tensors[key] = DecodeEntry(value, key, name, data, data_bytes, taken);
    }
  }
  auto header_checksum = file.metadata.find("header_checksum");
  if (header_checksum != file.metadata.end()) {
    const std::string actual = HeaderChecksum(header);
    if (actual != header_checksum->second)
      FailChecksum(name, "a header", header_checksum->second, actual);
    file.metadata.erase(header_checksum);
  }
  auto checksum = file.metadata.find("checksum");
  if (checksum != file.metadata.end()) {
    std::string actual = Checksum(std::string_view(data, data_bytes));
    if (actual != checksum->second) FailChecksum(name, "tensor data", checksum->second, actual);
    file.metadata.erase(checksum);
  }
  return file;
}

TensorFile ReadTensors(const std::string& path) { return DecodeTensors(ReadFile(path), path); }

void WriteTensors(const std::string& path, const TensorFile& file) {
  WriteFileAtomic(path, EncodeTensors(file));
}

}  // namespace tinyformer
