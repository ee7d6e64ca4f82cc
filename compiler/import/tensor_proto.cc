// TensorProto to a constant value; nothing in the file is trusted.
#include <cmath>
#include <cstring>

#include "compiler/import/onnx_importer.h"

namespace tinyformer {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 28;

std::string TypeName(int type) {
  return onnx::TensorProto::DataType_IsValid(type)
             ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type))
             : "type " + std::to_string(type);
}

std::string Where(const std::string& name) { return "tensor '" + name + "'"; }

[[noreturn]] void FailSize(const std::string& name, const Shape& shape, const std::string& expected,
                           const std::string& found) {
  throw Error("import/tensor-size", Where(name), expected + " for shape " + ToString(shape), found,
              "export the model again: the file is damaged");
}

// Elements from raw_data or from the typed field, converted to T.
template <typename T, typename Stored, typename Field>
std::vector<T> Read(const onnx::TensorProto& tensor, const std::string& name, const Shape& shape,
                    const Field& field) {
  const auto count = static_cast<size_t>(ElementCount(shape));
  const bool raw = tensor.has_raw_data();
  if (raw && tensor.raw_data().size() != count * sizeof(Stored)) {
    FailSize(name, shape, std::to_string(count * sizeof(Stored)) + " bytes",
             std::to_string(tensor.raw_data().size()) + " bytes");
  }
  if (!raw && static_cast<size_t>(field.size()) != count) {
    FailSize(name, shape, std::to_string(count) + " elements",
             std::to_string(field.size()) + " elements");
  }
  std::vector<T> elements(count);
  for (size_t i = 0; i < count; ++i) {
    Stored stored;
    if (raw) {
      std::memcpy(&stored, tensor.raw_data().data() + i * sizeof(Stored), sizeof(Stored));
    } else {
      stored = static_cast<Stored>(field[static_cast<int>(i)]);
    }
    elements[i] = static_cast<T>(stored);
  }
  return elements;
}

}  // namespace

void RequireFinite(const std::string& name, const std::vector<float>& elements) {
  for (size_t i = 0; i < elements.size(); ++i) {
    if (std::isfinite(elements[i])) continue;
    throw Error("import/not-finite", Where(name), "finite numbers",
                std::string(std::isnan(elements[i]) ? "NaN" : "an infinity") + " at element " +
                    std::to_string(i),
                "train again: the weights have diverged");
  }
}

Value ConvertTensor(const onnx::TensorProto& tensor, const std::string& name) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL || tensor.external_data_size() > 0) {
    throw Error("import/external-data", Where(name), "weights inside the file",
                "a reference to another file", "save the model with save_as_external_data=False");
  }
  Value value{name, DType::kFloat32, {}, std::nullopt, std::nullopt};
  int64_t count = 1;
  for (int64_t d : tensor.dims()) {
    if (d < 0 || (d > 0 && count > kMostElements / d)) {
      throw Error("import/tensor-size", Where(name),
                  "at most " + std::to_string(kMostElements) + " elements",
                  "shape " + ToString(Shape(tensor.dims().begin(), tensor.dims().end())),
                  "export the model again: the file is damaged");
    }
    count *= d;
    value.shape.push_back(d);
  }
  const Shape& shape = value.shape;
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      value.SetElements(Read<float, float>(tensor, name, shape, tensor.float_data()));
      break;
    case onnx::TensorProto::DOUBLE:
      value.SetElements(Read<float, double>(tensor, name, shape, tensor.double_data()));
      break;
    case onnx::TensorProto::INT8:
      value.type = DType::kInt8;
      value.SetElements(Read<int8_t, int8_t>(tensor, name, shape, tensor.int32_data()));
      break;
    case onnx::TensorProto::UINT8:
      value.type = DType::kUint8;
      value.SetElements(Read<uint8_t, uint8_t>(tensor, name, shape, tensor.int32_data()));
      break;
    case onnx::TensorProto::BOOL:
      value.type = DType::kBool;
      value.SetElements(Read<uint8_t, uint8_t>(tensor, name, shape, tensor.int32_data()));
      break;
    case onnx::TensorProto::INT32:
      value.type = DType::kInt32;
      value.SetElements(Read<int32_t, int32_t>(tensor, name, shape, tensor.int32_data()));
      break;
    case onnx::TensorProto::INT64:
      value.type = DType::kInt64;
      value.SetElements(Read<int64_t, int64_t>(tensor, name, shape, tensor.int64_data()));
      break;
    default:
      throw Error("import/tensor-type", Where(name),
                  "FLOAT, DOUBLE, INT8, UINT8, BOOL, INT32 or INT64", TypeName(tensor.data_type()),
                  "convert the model to float32 before exporting it");
  }
  if (value.type == DType::kFloat32) RequireFinite(name, value.Elements<float>());
  return value;
}

}  // namespace tinyformer
