// For tests: models written in ONNX's own text form.
#pragma once

#include <onnx/defs/parser.h>
#include <onnx/onnx_pb.h>

#include <string>

#include "base/check.h"
#include "base/error.h"
#include "compiler/import/read_onnx.h"

namespace tinyformer {

/// The model whose graph is `graph`, e.g. "g (float[1,4] x) => (float[1,4] y) { y = Relu(x) }".
inline onnx::ModelProto ModelFromText(const std::string& graph, int opset = 17) {
  onnx::ModelProto model;
  std::string text =
      "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) + "]>\n" + graph;
  onnx::OnnxParser parser(text.c_str());
  auto status = parser.Parse(model);
  TF_CHECK(status.IsOK(), status.ErrorMessage(), text);
  return model;
}

inline void AddFloats(onnx::ModelProto& model, const std::string& name,
                      const std::vector<int64_t>& dims, const std::vector<float>& values) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  for (int64_t d : dims) tensor->add_dims(d);
  for (float v : values) tensor->add_float_data(v);
}

inline void AddIntegers(onnx::ModelProto& model, const std::string& name,
                        onnx::TensorProto::DataType type, const std::vector<int64_t>& dims,
                        const std::vector<int64_t>& values) {
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (int64_t d : dims) tensor->add_dims(d);
  for (int64_t v : values) {
    if (type == onnx::TensorProto::INT64) {
      tensor->add_int64_data(v);
    } else {
      tensor->add_int32_data(static_cast<int32_t>(v));
    }
  }
}

inline Graph Import(const onnx::ModelProto& model) {
  return ParseOnnx(model.SerializeAsString(), "m.onnx");
}

/// The whole text of the Error that importing throws, or "".
inline std::string ImportError(const onnx::ModelProto& model) {
  try {
    Import(model);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tinyformer
