// From bytes to a parsed model, and what a whole model must have.
#include "compiler/import/read_onnx.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/file.h"
#include "compiler/import/onnx_importer.h"

namespace tinyformer {

Graph ReadOnnx(const std::string& path, const ImportOptions& options) {
  return ParseOnnx(ReadFile(path, options.max_bytes), path, options);
}

Graph ParseOnnx(const std::string& bytes, const std::string& name, const ImportOptions& options) {
  const std::string expected = "an ONNX model";
  if (bytes.empty()) {
    throw Error("import/not-onnx", name, expected, "an empty file", "export the model again");
  }
  onnx::ModelProto model;
  google::protobuf::io::ArrayInputStream array(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream stream(&array);
  stream.SetTotalBytesLimit(INT32_MAX);
  stream.SetRecursionLimit(32);
  if (bytes.size() > INT32_MAX || !model.ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    throw Error("import/not-onnx", name, expected,
                std::to_string(bytes.size()) + " bytes that are not a whole protobuf message",
                "check that the file is an .onnx file and that it was copied completely");
  }
  if (!model.has_graph() || model.opset_import_size() == 0) {
    throw Error(
        "import/not-onnx", name, expected,
        model.has_graph() ? "a model without opset_import" : "a protobuf message without a graph",
        "check that the file is an .onnx file");
  }
  return OnnxImporter(model, name, options).Import();
}

namespace {

// Whether a value's quantization is in the file, or follows from it: moving about keeps it, and
// probabilities have one of their own.
bool HasQuantization(const Graph& graph, ValueId id) {
  if (graph.value(id).quantization) return true;
  const int producer = graph.Producer(id);
  if (producer < 0) return false;
  const Node& node = graph.nodes[static_cast<size_t>(producer)];
  return node.op == "Softmax" || (FindOp(node.op)->quantize == QuantizeRule::kInputScale &&
                                  HasQuantization(graph, node.inputs[0]));
}

}  // namespace

bool IsQuantizedModel(const Graph& graph, std::string* float_value) {
  auto missing = [&](ValueId id) {
    if (graph.value(id).quantization) return false;
    if (float_value) *float_value = graph.value(id).name;
    return true;
  };
  for (ValueId id : graph.inputs) {
    if (missing(id)) return false;
  }
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv" && node.op != "Gemm" && node.op != "MatMul") continue;
    for (ValueId id : node.inputs) {
      if (id == kNoValue || graph.value(id).quantization) continue;
      int producer = graph.Producer(id);
      // Probabilities stay real; a bias may stay float.
      bool exempt = producer >= 0
                        ? graph.nodes[static_cast<size_t>(producer)].op == "Softmax" ||
                              FindOp(graph.nodes[static_cast<size_t>(producer)].op)->quantize ==
                                  QuantizeRule::kInputScale
                        : node.inputs.size() == 3 && id == node.inputs[2];
      if (!exempt && missing(id)) return false;
    }
  }
  for (ValueId id : graph.outputs) {
    if (!HasQuantization(graph, id) && missing(id)) return false;
  }
  return true;
}

}  // namespace tinyformer
