// The importer's state while it walks a file's nodes. Private to compiler/import.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <optional>
#include <string>

#include "compiler/import/read_onnx.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {

/// A tensor of the file as a constant value.
///
/// Types   float, int8, uint8, int32, int64, bool, double (becomes float)
/// Errors  import/tensor-type, import/external-data, import/tensor-size, import/not-finite; where =
///         "tensor 'name'"
Value ConvertTensor(const onnx::TensorProto& tensor, const std::string& name);

/// Errors  import/not-finite
void RequireFinite(const std::string& name, const std::vector<float>& elements);

/// Attributes with the types that our operators read.
/// Errors  import/attribute-unknown, import/attribute-type
std::map<std::string, Attribute> ConvertAttributes(const OpSite& site,
                                                   const onnx::NodeProto& proto);

/// Rewrites what older or implicit attributes mean: auto_pad becomes pads, Softmax's default axis
/// before opset 13.
void NormalizeAttributes(const Graph& graph, int opset, Node* node);

class OnnxImporter {
 public:
  OnnxImporter(const onnx::ModelProto& model, const std::string& name,
               const ImportOptions& options);
  Graph Import();

 private:
  // What a tensor name of the file stands for.
  struct Entry {
    ValueId value = kNoValue;
    // Set for the output of QuantizeLinear: the value holds real numbers, the name stands for their
    // int8 form.
    std::optional<Quantization> quantized;
    bool integer_input = false;  // an int8/uint8 graph input, waiting for its DequantizeLinear
    bool is_uint8 = false;
  };

  void ReadOpset();
  void AddInitializers();
  void AddInputs();
  void AddOutputs();
  void RequireOutputsFromInputs() const;
  void AddNode(const onnx::NodeProto& proto);
  void AddOperator(const onnx::NodeProto& proto, Node node);
  std::vector<ValueId> ReadOperands(const OpSite& site, const onnx::NodeProto& proto) const;
  void RequireOutputs(const OpSite& site, const onnx::NodeProto& proto, int count) const;
  // A node of AbsorbedOps that others express becomes these: its last one, after those before it.
  void RewriteEquivalent(Node* node);
  void RewriteSqueeze(Node* node);
  void RewriteUnsqueeze(Node* node);
  void RewriteReduceMean(Node* node);
  void RewriteByConstant(Node* node);  // Sub, Div
  void BecomeReshape(Node* node, const Shape& target);
  // Of a Dropout, which then does nothing.
  void RequireEvaluation(const OpSite& site, const onnx::NodeProto& proto) const;
  void AddConstant(const onnx::NodeProto& proto, const Node& node);
  void AddQuantize(const onnx::NodeProto& proto, const Node& node);
  void AddDequantize(const onnx::NodeProto& proto, const Node& node);
  void DequantizeConstant(const OpSite& site, const onnx::NodeProto& proto, ValueId data,
                          const Quantization& q);
  // Scale, zero point and axis of a QuantizeLinear/DequantizeLinear; *is_uint8 from the zero
  // point's type.
  Quantization ReadQuantization(const OpSite& site, const onnx::NodeProto& proto,
                                const Shape& shape, bool* is_uint8);
  // The zero point of a DequantizeLinear has its data's type; int32 data has none.
  void RequireZeroPointOfData(const OpSite& site, const onnx::NodeProto& proto, const Entry& source,
                              const Quantization& q) const;
  void Annotate(const OpSite& site, ValueId id, const Quantization& quantization);
  void Define(const std::string& tensor, Entry entry);
  Entry Lookup(const OpSite& site, const std::string& tensor) const;
  const Value& RequireConstant(const OpSite& site, const std::string& tensor,
                               const std::string& what) const;
  Shape ReadShape(const onnx::ValueInfoProto& info) const;

  const onnx::ModelProto& model_;
  const std::string name_;
  const ImportOptions options_;
  int opset_ = 0;
  Graph graph_;
  std::map<std::string, Entry> tensors_;
};

}  // namespace tinyformer
