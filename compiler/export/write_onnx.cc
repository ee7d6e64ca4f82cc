// WriteOnnx.
#include "compiler/export/write_onnx.h"

#include <onnx/onnx_pb.h>

#include <set>

#include "base/check.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

using onnx::TensorProto;

TensorProto::DataType ProtoType(DType type) {
  switch (type) {
    case DType::kFloat32:
      return TensorProto::FLOAT;
    case DType::kInt8:
      return TensorProto::INT8;
    case DType::kUint8:
      return TensorProto::UINT8;
    case DType::kInt16:
      return TensorProto::INT16;
    case DType::kInt32:
      return TensorProto::INT32;
    case DType::kInt64:
      return TensorProto::INT64;
    case DType::kBool:
      return TensorProto::BOOL;
  }
  return TensorProto::UNDEFINED;
}

class OnnxWriter {
 public:
  explicit OnnxWriter(const Graph& graph) : graph_(graph), read_as_(graph.values.size()) {
    for (const Value& value : graph.values) names_.insert(value.name);
    for (const Node& node : graph.nodes) taken_node_names_.insert(node.name);
    model_.set_ir_version(8);
    model_.set_producer_name("tinyformer");
    onnx::OperatorSetIdProto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kGraphOpset);
    proto_ = model_.mutable_graph();
    proto_->set_name(graph.name.empty() ? "model" : graph.name);
  }

  std::string Write() {
    for (ValueId id : graph_.inputs) {
      Declare(proto_->add_input(), graph_.value(id), graph_.value(id).name);
      read_as_[Index(id)] = graph_.value(id).name;
      Annotate(id, graph_.value(id).name);
    }
    for (const Node& node : graph_.nodes) WriteNode(node);
    for (ValueId id : graph_.outputs)
      Declare(proto_->add_output(), graph_.value(id), read_as_[Index(id)]);
    // Without maps in the messages the encoding is a function of the fields alone.
    return model_.SerializeAsString();
  }

 private:
  static size_t Index(ValueId id) { return static_cast<size_t>(id); }

  std::string Unique(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
    return name;
  }

  // A name that no node of the graph or of the file has: ONNX Runtime refuses two equal ones.
  std::string NodeName(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; taken_node_names_.count(name) != 0 || node_names_.count(name) != 0; ++i) {
      name = wanted + "_" + std::to_string(i);
    }
    return name;
  }

  static void Declare(onnx::ValueInfoProto* info, const Value& value, const std::string& name) {
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(TensorProto::FLOAT);
    for (int64_t d : value.shape) type->mutable_shape()->add_dim()->set_dim_value(d);
  }

  void AddTensor(const std::string& name, DType type, const Shape& shape,
                 const std::string& bytes) {
    TensorProto* tensor = proto_->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(ProtoType(type));
    for (int64_t d : shape) tensor->add_dims(d);
    tensor->set_raw_data(bytes);
  }

  template <typename T>
  static std::string Bytes(const std::vector<T>& elements) {
    return {reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T)};
  }

  onnx::NodeProto* AddNode(const std::string& op, const std::string& name,
                           const std::vector<std::string>& inputs, const std::string& output) {
    onnx::NodeProto* node = proto_->add_node();
    node->set_op_type(op);
    node->set_name(name);
    TF_CHECK(node_names_.insert(name).second, "two nodes are called", name);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return node;
  }

  static void AddInt(onnx::NodeProto* node, const std::string& key, int64_t value) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(key);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  // A constant as an initialiser; with quantization, through a DequantizeLinear. Returns what
  // readers take.
  const std::string& ReadConstant(ValueId id) {
    std::string& name = read_as_[Index(id)];
    if (!name.empty()) return name;
    const Value& value = graph_.value(id);
    AddTensor(value.name, value.type, value.shape, *value.data);
    name = value.name;
    if (!value.quantization) return name;
    const Quantization& q = *value.quantization;
    const Shape shape = q.axis < 0 ? Shape{} : Shape{static_cast<int64_t>(q.scales.size())};
    std::vector<std::string> inputs = {value.name, Unique(value.name + "_scale")};
    AddTensor(inputs[1], DType::kFloat32, shape, Bytes(q.scales));
    if (value.type == DType::kInt8) {
      inputs.push_back(Unique(value.name + "_zero_point"));
      AddTensor(inputs[2], DType::kInt8, shape,
                Bytes(std::vector<int8_t>(q.scales.size(), static_cast<int8_t>(q.zero_point))));
    }
    name = Unique(value.name + "_dequantized");
    onnx::NodeProto* node = AddNode("DequantizeLinear", NodeName(name), inputs, name);
    if (q.axis >= 0) AddInt(node, "axis", q.axis);
    return name;
  }

  // QuantizeLinear and DequantizeLinear on an activation that the file calls `real`.
  void Annotate(ValueId id, const std::string& real) {
    const Value& value = graph_.value(id);
    if (!value.quantization) return;
    const Quantization& q = *value.quantization;
    const std::string scale = Unique(value.name + "_scale"),
                      zero = Unique(value.name + "_zero_point");
    const std::string quantized = Unique(value.name + "_quantized");
    std::string& result = read_as_[Index(id)];
    result = graph_.IsOutput(id) && real != value.name ? value.name
                                                       : Unique(value.name + "_dequantized");
    AddTensor(scale, DType::kFloat32, {}, Bytes(q.scales));
    AddTensor(zero, DType::kInt8, {},
              Bytes(std::vector<int8_t>{static_cast<int8_t>(q.zero_point)}));
    AddNode("QuantizeLinear", NodeName(quantized), {real, scale, zero}, quantized);
    AddNode("DequantizeLinear", NodeName(result), {quantized, scale, zero}, result);
  }

  static void AddAttribute(onnx::NodeProto* node, const std::string& key, const Attribute& value) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(key);
    if (const auto* i = std::get_if<int64_t>(&value)) {
      attribute->set_type(onnx::AttributeProto::INT);
      attribute->set_i(*i);
    } else if (const auto* f = std::get_if<double>(&value)) {
      attribute->set_type(onnx::AttributeProto::FLOAT);
      attribute->set_f(static_cast<float>(*f));
    } else if (const auto* s = std::get_if<std::string>(&value)) {
      attribute->set_type(onnx::AttributeProto::STRING);
      attribute->set_s(*s);
    } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&value)) {
      attribute->set_type(onnx::AttributeProto::INTS);
      for (int64_t x : *ints) attribute->add_ints(x);
    } else {
      attribute->set_type(onnx::AttributeProto::FLOATS);
      for (double x : std::get<std::vector<double>>(value))
        attribute->add_floats(static_cast<float>(x));
    }
  }

  void WriteNode(const Node& node) {
    const OpDef* op = FindOp(node.op);
    TF_CHECK(op != nullptr && op->level == OpDef::Level::kOnnx,
             "only ONNX-level graphs are exported:", node.op);
    std::vector<std::string> inputs;
    for (ValueId id : node.inputs) {
      if (id == kNoValue) {
        inputs.emplace_back();
      } else {
        inputs.push_back(graph_.value(id).is_constant() ? ReadConstant(id) : read_as_[Index(id)]);
      }
    }
    const ValueId out = node.outputs.at(0);
    const Value& value = graph_.value(out);
    const bool real_elsewhere = graph_.IsOutput(out) && value.quantization.has_value();
    const std::string name = real_elsewhere ? Unique(value.name + "_real") : value.name;
    const bool second = node_names_.count(node.name) != 0;
    onnx::NodeProto* proto =
        AddNode(node.op, second ? NodeName(node.name) : node.name, inputs, name);
    for (const auto& [key, attribute] : node.attributes) AddAttribute(proto, key, attribute);
    read_as_[Index(out)] = name;
    Annotate(out, name);
  }

  const Graph& graph_;
  std::vector<std::string> read_as_;        // by value id: the tensor name that readers take
  std::set<std::string> names_;             // of tensors
  std::set<std::string> taken_node_names_;  // of the graph's nodes
  std::set<std::string> node_names_;        // of the nodes in the file
  onnx::ModelProto model_;
  onnx::GraphProto* proto_ = nullptr;
};

}  // namespace

std::string WriteOnnx(const Graph& graph) { return OnnxWriter(graph).Write(); }

}  // namespace tinyformer
