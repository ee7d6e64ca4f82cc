// The walk over a file: initialisers, inputs, nodes, outputs.
#include "compiler/import/onnx_importer.h"

#include <algorithm>

#include "base/check.h"

namespace tinyformer {
namespace {

bool DefaultDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

const char* kDamaged = "export the model again: the file is damaged";

}  // namespace

OnnxImporter::OnnxImporter(const onnx::ModelProto& model, const std::string& name,
                           const ImportOptions& options)
    : model_(model), name_(name), options_(options) {}

Graph OnnxImporter::Import() {
  graph_.name = model_.graph().name().empty() ? "model" : model_.graph().name();
  ReadOpset();
  AddInitializers();
  AddInputs();
  for (const onnx::NodeProto& node : model_.graph().node()) AddNode(node);
  AddOutputs();
  if (!options_.any_inputs) RequireOutputsFromInputs();
  Graph result = Compact(graph_);
  Verify(result, "import");
  return result;
}

void OnnxImporter::ReadOpset() {
  for (const auto& set : model_.opset_import()) {
    if (DefaultDomain(set.domain()))
      opset_ = static_cast<int>(std::clamp<int64_t>(set.version(), 0, 1000));
  }
  if (opset_ < kFirstOpset || opset_ > kLastOpset) {
    throw Error("import/opset", name_,
                "operator set " + std::to_string(kFirstOpset) + " to " + std::to_string(kLastOpset),
                opset_ == 0 ? "no operator set of the default domain"
                            : "operator set " + std::to_string(opset_),
                "export with opset_version=17");
  }
}

void OnnxImporter::Define(const std::string& tensor, Entry entry) {
  if (tensor.empty()) return;
  if (!tensors_.emplace(tensor, std::move(entry)).second) {
    throw Error("import/duplicate-name", "tensor '" + tensor + "'", "each tensor to be made once",
                "a second tensor of this name", kDamaged);
  }
}

OnnxImporter::Entry OnnxImporter::Lookup(const OpSite& site, const std::string& tensor) const {
  auto it = tensors_.find(tensor);
  if (it == tensors_.end()) {
    FailNode(site, "import/undefined-tensor",
             "operands that an earlier node, an input or an initialiser makes", "'" + tensor + "'",
             "sort the nodes topologically; a cycle cannot be compiled");
  }
  return it->second;
}

const Value& OnnxImporter::RequireConstant(const OpSite& site, const std::string& tensor,
                                           const std::string& what) const {
  Entry entry = Lookup(site, tensor);
  const Value& value = graph_.value(entry.value);
  if (!value.is_constant()) {
    FailNode(site, "import/not-constant", "a constant " + what,
             "'" + tensor + "', computed at run time", "export with constant folding");
  }
  return value;
}

void OnnxImporter::AddInitializers() {
  if (model_.graph().sparse_initializer_size() > 0) {
    throw Error("import/tensor-type", name_, "dense initialisers (zeros stored as zeros)",
                std::to_string(model_.graph().sparse_initializer_size()) + " sparse initialisers",
                "export with dense weights: the compiler finds the zeros itself");
  }
  for (const onnx::TensorProto& tensor : model_.graph().initializer()) {
    Value value = ConvertTensor(tensor, tensor.name());
    const bool is_uint8 = value.type == DType::kUint8;
    if (value.name.empty()) {
      throw Error("import/undefined-tensor", name_, "named initialisers",
                  "an initialiser without a name", kDamaged);
    }
    value.name = graph_.UniqueValueName(value.name);
    Define(tensor.name(), {graph_.AddValue(std::move(value)), std::nullopt, false, is_uint8});
  }
}

Shape OnnxImporter::ReadShape(const onnx::ValueInfoProto& info) const {
  const std::string where = "input '" + info.name() + "'";
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) {
    throw Error("import/missing-shape", where, "a tensor with a known shape", "no shape",
                "export with an example input of fixed size");
  }
  Shape shape;
  for (const auto& dim : info.type().tensor_type().shape().dim()) {
    const bool batch = shape.empty() && !options_.any_inputs;
    if (dim.has_dim_value() && dim.dim_value() > 0 && dim.dim_value() <= 1 << 20) {
      if (batch && dim.dim_value() != 1) {
        throw Error("import/batch", where, "batch size 1 (or a dynamic batch)",
                    "batch size " + std::to_string(dim.dim_value()), "export with a batch of one");
      }
      shape.push_back(dim.dim_value());
    } else if (batch && !(dim.has_dim_value() && dim.dim_value() != -1)) {
      shape.push_back(1);
    } else {
      throw Error("import/dynamic-shape", where, "fixed dimensions after the batch",
                  dim.has_dim_value() ? "dimension " + std::to_string(dim.dim_value())
                                      : "dimension '" + dim.dim_param() + "'",
                  "export with an example input of fixed size");
    }
  }
  if (shape.empty() && !options_.any_inputs) {
    throw Error("import/input-shape", where, "a batch of one and other dimensions", "shape []",
                "export with an example input of fixed size");
  }
  constexpr int64_t kMost = int64_t{1} << 28;
  int64_t count = 1;
  for (int64_t d : shape) {
    if (count > kMost / d) {
      throw Error("import/input-size", where, "at most " + std::to_string(kMost) + " elements",
                  "shape " + ToString(shape), "use a smaller input");
    }
    count *= d;
  }
  return shape;
}

void OnnxImporter::AddInputs() {
  for (const onnx::ValueInfoProto& info : model_.graph().input()) {
    if (tensors_.count(info.name())) continue;  // older files list initialisers as inputs too
    const int type = info.type().tensor_type().elem_type();
    Entry entry;
    entry.is_uint8 = type == onnx::TensorProto::UINT8;
    entry.integer_input = entry.is_uint8 || type == onnx::TensorProto::INT8;
    if (!entry.integer_input && type != onnx::TensorProto::FLOAT) {
      throw Error(
          "import/input-type", "input '" + info.name() + "'", "FLOAT, INT8 or UINT8",
          onnx::TensorProto::DataType_IsValid(type)
              ? onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(type))
              : "type " + std::to_string(type),
          "export with a float32 input");
    }
    entry.value = graph_.AddValue({graph_.UniqueValueName(info.name()), DType::kFloat32,
                                   ReadShape(info), std::nullopt, std::nullopt});
    graph_.inputs.push_back(entry.value);
    Define(info.name(), entry);
  }
  if (!options_.any_inputs && graph_.inputs.size() != 1) {
    throw Error("import/inputs", name_, "one input",
                std::to_string(graph_.inputs.size()) + " inputs",
                "export a model that takes one image");
  }
}

void OnnxImporter::AddOutputs() {
  for (const onnx::ValueInfoProto& info : model_.graph().output()) {
    auto it = tensors_.find(info.name());
    if (it == tensors_.end()) {
      throw Error("import/undefined-tensor", "output '" + info.name() + "'", "a node that makes it",
                  "no such node", kDamaged);
    }
    const ValueId id = it->second.value;
    graph_.outputs.push_back(id);
    if (graph_.Producer(id) < 0 || graph_.value(id).name == info.name()) continue;
    // The output's name, which DequantizeLinear made, belongs to the value that it was absorbed
    // into.
    graph_.value(id).name = graph_.UniqueValueName(info.name());
  }
  if (graph_.outputs.empty() || (!options_.any_inputs && graph_.outputs.size() != 1)) {
    throw Error("import/outputs", name_, "one output",
                std::to_string(graph_.outputs.size()) + " outputs",
                "export a model that returns one tensor");
  }
}

void OnnxImporter::RequireOutputsFromInputs() const {
  std::vector<bool> depends(graph_.values.size(), false);
  for (ValueId id : graph_.inputs) depends[static_cast<size_t>(id)] = true;
  for (const Node& node : graph_.nodes) {
    const bool any = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      return id != kNoValue && depends[static_cast<size_t>(id)];
    });
    for (ValueId id : node.outputs) depends[static_cast<size_t>(id)] = any;
  }
  for (ValueId id : graph_.outputs) {
    if (depends[static_cast<size_t>(id)]) continue;
    throw Error("import/constant-output", "output '" + graph_.value(id).name + "'",
                "a tensor that is computed from the input", "one that is the same for every input",
                "check that the right model was exported");
  }
}

void OnnxImporter::AddNode(const onnx::NodeProto& proto) {
  Node node;
  node.op =
      DefaultDomain(proto.domain()) ? proto.op_type() : proto.domain() + "." + proto.op_type();
  node.name = !proto.name().empty() ? proto.name() : proto.output_size() > 0 ? proto.output(0) : "";
  if (node.name.empty()) node.name = node.op;
  OpSite site{graph_, node, opset_};
  const OpDef* op = FindOp(node.op);
  if (FindAbsorbedOp(node.op) == nullptr &&
      (op == nullptr || op->level != OpDef::Level::kOnnx || opset_ < op->first_opset)) {
    FailNode(site, "import/unsupported-op", "one of " + SupportedOnnxOps(), node.op,
             "express the model with the operators above, or add it: docs/adding_an_operator.md");
  }
  if (proto.output_size() == 0 || proto.output(0).empty()) {
    FailNode(site, "import/operands", "an output", "none", kDamaged);
  }
  if (node.op == "Constant") return AddConstant(proto, node);
  node.attributes = ConvertAttributes(site, proto);
  if (node.op == "QuantizeLinear") return AddQuantize(proto, node);
  if (node.op == "DequantizeLinear") return AddDequantize(proto, node);
  AddOperator(proto, std::move(node));
}

std::vector<ValueId> OnnxImporter::ReadOperands(const OpSite& site,
                                                const onnx::NodeProto& proto) const {
  const std::string& op = site.node.op;
  std::vector<ValueId> operands;
  for (const std::string& tensor : proto.input()) {
    if (tensor.empty()) {
      operands.push_back(kNoValue);
      continue;
    }
    Entry entry = Lookup(site, tensor);
    if (entry.quantized || entry.integer_input) {
      FailNode(site, "import/integer-operand",
               "real operands, integers only between QuantizeLinear and DequantizeLinear",
               "operand '" + tensor + "' is int8", "export in QDQ form");
    }
    const Value& value = graph_.value(entry.value);
    // A target shape, or axes.
    const bool counts = operands.size() == 1 && (op == "Reshape" || op == "Squeeze" ||
                                                 op == "Unsqueeze" || op == "ReduceMean");
    if (value.is_constant() && value.data->empty() && !counts) {
      FailNode(site, "import/empty-operand", "operands with at least one element",
               "'" + tensor + "' of shape " + ToString(value.shape),
               "export the model again: the operand was lost");
    }
    if (value.is_constant() && value.type != DType::kFloat32 && !value.quantization && !counts) {
      FailNode(site, "import/operand-type",
               "constants of type float32, or integers behind a DequantizeLinear",
               "'" + tensor + "' of type " + DTypeName(value.type), "export in QDQ form");
    }
    operands.push_back(entry.value);
  }
  while (!operands.empty() && operands.back() == kNoValue) operands.pop_back();
  return operands;
}

void OnnxImporter::RequireOutputs(const OpSite& site, const onnx::NodeProto& proto,
                                  int count) const {
  for (int i = count; i < proto.output_size(); ++i) {
    if (proto.output(i).empty()) continue;
    FailNode(site, "import/extra-output", "only the first output in use",
             "output '" + proto.output(i) + "'", "export without the operator's optional outputs");
  }
}

void OnnxImporter::AddOperator(const onnx::NodeProto& proto, Node node) {
  OpSite site{graph_, node, opset_};
  const bool identity = node.op == "Identity" && proto.input_size() == 1;
  const bool dropout = node.op == "Dropout" && proto.input_size() >= 1;
  if ((identity || dropout) && !proto.input(0).empty()) {
    if (dropout) RequireEvaluation(site, proto);
    RequireOutputs(site, proto, 1);
    return Define(proto.output(0), Lookup(site, proto.input(0)));
  }
  node.inputs = ReadOperands(site, proto);
  if (const AbsorbedOp* absorbed = FindAbsorbedOp(node.op)) {
    RequireOperands(site, absorbed->min_inputs, absorbed->max_inputs);
    RewriteEquivalent(&node);
  }
  NormalizeAttributes(graph_, opset_, &node);
  std::vector<Shape> shapes = InferShapes(site);
  RequireOutputs(site, proto, static_cast<int>(shapes.size()));
  const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
    return id == kNoValue || graph_.value(id).is_constant();
  });
  if (shapes[0].empty() && !constant && !options_.any_inputs) {
    FailNode(site, "import/output-shape", "an output with a batch of one", "shape []",
             "keep the first dimension");
  }
  constexpr int64_t kMost = int64_t{1} << 28;
  int64_t count = 1;
  for (int64_t d : shapes[0]) {
    if (d < 1 || count > kMost / d) {
      FailNode(site, "import/output-shape",
               "an output of 1 to " + std::to_string(kMost) + " elements",
               "shape " + ToString(shapes[0]), "use a smaller input");
    }
    count *= d;
  }
  node.outputs = {graph_.AddValue({graph_.UniqueValueName(proto.output(0)), DType::kFloat32,
                                   shapes[0], std::nullopt, std::nullopt})};
  Define(proto.output(0), {node.outputs[0], std::nullopt, false, false});
  graph_.nodes.push_back(std::move(node));
}

void OnnxImporter::AddConstant(const onnx::NodeProto& proto, const Node& node) {
  OpSite site{graph_, node, opset_};
  if (proto.attribute_size() != 1) {
    FailNode(site, "import/constant", "one attribute: value",
             std::to_string(proto.attribute_size()) + " attributes", kDamaged);
  }
  const onnx::AttributeProto& a = proto.attribute(0);
  Value value;
  const std::string name = graph_.UniqueValueName(proto.output(0));
  if (a.name() == "value" && a.type() == onnx::AttributeProto::TENSOR) {
    value = ConvertTensor(a.t(), name);
  } else if (a.name() == "value_int" && a.type() == onnx::AttributeProto::INT) {
    value = {name, DType::kInt64, {}, std::nullopt, std::nullopt};
    value.SetElements(std::vector<int64_t>{a.i()});
  } else if (a.name() == "value_ints" && a.type() == onnx::AttributeProto::INTS) {
    value = {name, DType::kInt64, {a.ints_size()}, std::nullopt, std::nullopt};
    value.SetElements(std::vector<int64_t>(a.ints().begin(), a.ints().end()));
  } else if (a.name() == "value_float" && a.type() == onnx::AttributeProto::FLOAT) {
    value = {name, DType::kFloat32, {}, std::nullopt, std::nullopt};
    value.SetElements(std::vector<float>{a.f()});
  } else if (a.name() == "value_floats" && a.type() == onnx::AttributeProto::FLOATS) {
    value = {name, DType::kFloat32, {a.floats_size()}, std::nullopt, std::nullopt};
    value.SetElements(std::vector<float>(a.floats().begin(), a.floats().end()));
  } else {
    FailNode(site, "import/constant",
             "attribute value, value_int, value_ints, value_float or value_floats",
             "attribute '" + a.name() + "'", "export the constant as a tensor");
  }
  if (value.type == DType::kFloat32) RequireFinite(proto.output(0), value.Elements<float>());
  const bool is_uint8 = value.type == DType::kUint8;
  Define(proto.output(0), {graph_.AddValue(std::move(value)), std::nullopt, false, is_uint8});
}

}  // namespace tinyformer
