// QuantizeLinear and DequantizeLinear: absorbed into quantizations of values.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "compiler/import/onnx_importer.h"
#include "compiler/ops/evaluate.h"

namespace tinyformer {
namespace {

std::string Shortest(float x) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", static_cast<double>(x));
  return text;
}

std::string Text(const Quantization& q) {
  return q.scales.size() == 1 ? "scale " + std::to_string(q.scales[0]) + ", zero point " +
                                    std::to_string(q.zero_point)
                              : std::to_string(q.scales.size()) + " scales";
}

void RequireOperands(const OpSite& site, const onnx::NodeProto& proto) {
  if (proto.input_size() < 2 || proto.input_size() > 3) {
    FailNode(site, "import/operands", "2 to 3 operands",
             std::to_string(proto.input_size()) + " operands",
             "export the model again: the file breaks the operator's definition");
  }
}

}  // namespace

Quantization OnnxImporter::ReadQuantization(const OpSite& site, const onnx::NodeProto& proto,
                                            const Shape& shape, bool* is_uint8) {
  const Value& scale = RequireConstant(site, proto.input(1), "scale");
  Quantization q;
  if (scale.type != DType::kFloat32) {
    FailNode(site, "import/quantization", "a float scale",
             std::string("a scale of type ") + DTypeName(scale.type),
             "export the model again: the file breaks the operator's definition");
  }
  q.scales = scale.Elements<float>();
  if (q.scales.empty()) {
    FailNode(site, "import/quantization", "at least one scale", "none",
             "export the model again: the file is damaged");
  }
  for (float s : q.scales) {
    if (!(s > 0)) {
      FailNode(site, "import/quantization", "positive scales", "scale " + std::to_string(s),
               "calibrate the model again: a scale of zero loses the tensor");
    }
    if (!(s < kScaleLimit)) {
      FailNode(site, "import/quantization", "scales below 1e30", "scale " + Shortest(s),
               "train and calibrate the model again: its activations have diverged");
    }
  }
  std::vector<float> zero_points = {0.0f};
  if (proto.input_size() == 3 && !proto.input(2).empty()) {
    const Value& zero = RequireConstant(site, proto.input(2), "zero point");
    *is_uint8 = zero.type == DType::kUint8;
    zero_points = RealElements(zero);
  }
  if (q.scales.size() > 1) {
    q.axis = NormalizeAxis(site, site.node.Int("axis", 1), shape.size());
    if (shape[static_cast<size_t>(q.axis)] != static_cast<int64_t>(q.scales.size())) {
      FailNode(site, "import/quantization",
               "one scale per index of axis " + std::to_string(q.axis) + " of " + ToString(shape),
               std::to_string(q.scales.size()) + " scales",
               "export the model again: the file is damaged");
    }
  }
  if (zero_points.empty() || !std::all_of(zero_points.begin(), zero_points.end(),
                                          [&](float z) { return z == zero_points[0]; })) {
    FailNode(site, "import/quantization", "one zero point for all channels",
             "zero points that differ between channels", "quantize the weights symmetrically");
  }
  q.zero_point = static_cast<int32_t>(zero_points[0]);
  if (*is_uint8) q.zero_point -= 128;
  return q;
}

void OnnxImporter::Annotate(const OpSite& site, ValueId id, const Quantization& quantization) {
  Value& value = graph_.value(id);
  if (quantization.axis >= 0) {
    FailNode(site, "import/quantization", "activations with one scale", Text(quantization),
             "quantize activations per tensor, only weights per channel");
  }
  if (value.quantization && !(*value.quantization == quantization)) {
    FailNode(site, "import/quantized-twice",
             "one quantization of '" + value.name + "': " + Text(*value.quantization),
             Text(quantization), "quantize each tensor once");
  }
  value.quantization = quantization;
}

void OnnxImporter::AddQuantize(const onnx::NodeProto& proto, const Node& node) {
  OpSite site{graph_, node, opset_};
  RequireOperands(site, proto);
  Entry source = Lookup(site, proto.input(0));
  if (source.quantized || source.integer_input) {
    FailNode(site, "import/integer-operand", "a real operand",
             "operand '" + proto.input(0) + "' is int8", "export in QDQ form");
  }
  // Without a zero point the operator makes uint8.
  bool is_uint8 = proto.input_size() < 3;
  Quantization q = ReadQuantization(site, proto, graph_.value(source.value).shape, &is_uint8);
  if (proto.input_size() == 3 && !is_uint8 &&
      RequireConstant(site, proto.input(2), "zero point").type != DType::kInt8) {
    FailNode(
        site, "import/quantization", "an int8 or uint8 zero point",
        std::string("type ") + DTypeName(RequireConstant(site, proto.input(2), "zero point").type),
        "quantize to int8");
  }
  Value& value = graph_.value(source.value);
  if (!value.is_constant()) {
    Annotate(site, source.value, q);
    return Define(proto.output(0), {source.value, q, false, is_uint8});
  }
  Value stored{graph_.UniqueValueName(proto.output(0)), DType::kInt8, value.shape, std::nullopt,
               std::nullopt};
  std::vector<float> reals = RealElements(value);
  int64_t inner = 1;
  if (q.axis >= 0) {
    for (size_t d = static_cast<size_t>(q.axis) + 1; d < value.shape.size(); ++d)
      inner *= value.shape[d];
  }
  std::vector<int8_t> elements(reals.size());
  for (size_t i = 0; i < reals.size(); ++i) {
    float scale = q.scales[static_cast<size_t>(static_cast<int64_t>(i) / inner) % q.scales.size()];
    elements[i] = QuantizeToInt8(reals[i], scale, q.zero_point);
  }
  stored.SetElements(elements);
  stored.quantization = q;
  ValueId id = graph_.AddValue(std::move(stored));
  Define(proto.output(0), {id, q, false, is_uint8});
}

void OnnxImporter::RequireZeroPointOfData(const OpSite& site, const onnx::NodeProto& proto,
                                          const Entry& source, const Quantization& q) const {
  if (proto.input_size() < 3 || proto.input(2).empty()) return;
  const bool wide = graph_.value(source.value).type == DType::kInt32;
  const DType data = wide ? DType::kInt32 : source.is_uint8 ? DType::kUint8 : DType::kInt8;
  const DType zero = RequireConstant(site, proto.input(2), "zero point").type;
  if (zero != data) {
    FailNode(site, "import/quantization",
             std::string("a zero point of type ") + DTypeName(data) + ", as the data",
             std::string("type ") + DTypeName(zero),
             "export the model again: the file breaks the operator's definition");
  }
  if (wide && q.zero_point != 0) {
    FailNode(site, "import/quantization", "int32 data with zero point 0",
             "zero point " + std::to_string(q.zero_point), "quantize biases symmetrically");
  }
}

void OnnxImporter::AddDequantize(const onnx::NodeProto& proto, const Node& node) {
  OpSite site{graph_, node, opset_};
  RequireOperands(site, proto);
  Entry source = Lookup(site, proto.input(0));
  bool is_uint8 = source.is_uint8;
  Quantization q = ReadQuantization(site, proto, graph_.value(source.value).shape, &is_uint8);
  RequireZeroPointOfData(site, proto, source, q);
  if (graph_.value(source.value).is_constant())
    return DequantizeConstant(site, proto, source.value, q);
  if (!source.quantized && !source.integer_input) {
    FailNode(site, "import/integer-operand", "an int8 or uint8 operand",
             "operand '" + proto.input(0) + "' is float", "export in QDQ form");
  }
  Annotate(site, source.value, q);
  Define(proto.output(0), {source.value, std::nullopt, false, false});
}

void OnnxImporter::DequantizeConstant(const OpSite& site, const onnx::NodeProto& proto,
                                      ValueId data, const Quantization& q) {
  Value value = graph_.value(data);
  // The constant keeps its initialiser's name.
  graph_.value(data).name = graph_.UniqueValueName(value.name + ".stored");
  if (value.type == DType::kUint8) {
    std::vector<int8_t> moved;
    for (uint8_t u : value.Elements<uint8_t>()) moved.push_back(static_cast<int8_t>(int{u} - 128));
    value.type = DType::kInt8;
    value.SetElements(moved);
  }
  if (value.type != DType::kInt8 && value.type != DType::kInt32) {
    FailNode(site, "import/integer-operand", "int8, uint8 or int32 constants",
             std::string(DTypeName(value.type)), "export in QDQ form");
  }
  value.quantization = q;
  Define(proto.output(0), {graph_.AddValue(std::move(value)), std::nullopt, false, false});
}

}  // namespace tinyformer
