// Per-channel symmetric weights and int32 biases.
#include "compiler/quantize/quantize_weights.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "compiler/quantize/fixed_point.h"

namespace tinyformer {
namespace {

constexpr double kLeastProduct = 1e-35;  // of an input's and a weight's scale

int64_t Inner(const Shape& shape, size_t axis) {
  int64_t inner = 1;
  for (size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
  return inner;
}

// The constant operand as int8, or unchanged when it is integer already. Returns the scales.
std::vector<float> QuantizeOperand(Graph* g, ValueId* weight, size_t axis,
                                   const std::vector<float>& bias, float input_scale) {
  const Value old = g->value(*weight);
  if (old.type == DType::kInt8) return old.quantization->scales;
  Int8Weights q =
      QuantizeWeights(RealElements(old), old.shape, axis, bias, static_cast<double>(input_scale));
  for (float s : q.scales) {
    if (s < kScaleLimit && input_scale * s < kScaleLimit) continue;
    throw Error("calibrate/weights", "tensor '" + old.name + "'", "weights and biases below 1e30",
                "larger ones", "train again: the weights have diverged");
  }
  Value value{old.name, DType::kInt8, old.shape, PerChannel(q.scales, axis), std::nullopt};
  value.SetElements(q.elements);
  g->value(*weight).name = g->UniqueValueName(old.name + ".float");
  *weight = g->AddValue(std::move(value));
  return q.scales;
}

void QuantizeBiasOperand(Graph* g, ValueId* bias, float input_scale, std::vector<float> scales) {
  const Value old = g->value(*bias);
  if (old.type != DType::kFloat32) return;
  const auto count = static_cast<size_t>(ElementCount(old.shape));
  if (scales.size() == 1) scales.assign(count, scales[0]);
  if (old.shape.empty() || count != scales.size() ||
      old.shape.back() != static_cast<int64_t>(count))
    return;
  Value value{old.name, DType::kInt32, old.shape, std::nullopt, std::nullopt};
  value.SetElements(QuantizeBias(old.Elements<float>(), input_scale, scales));
  for (float& s : scales) s *= input_scale;
  value.quantization = PerChannel(scales, old.shape.size() - 1);
  g->value(*bias).name = g->UniqueValueName(old.name + ".float");
  *bias = g->AddValue(std::move(value));
}

std::vector<float> FloatsOrNone(const Graph& g, ValueId id) {
  if (id == kNoValue || !g.value(id).is_constant()) return {};
  return RealElements(g.value(id));
}

// The operand of the Add that alone reads `product` and holds its bias, or null.
ValueId* BiasAfter(Graph* g, ValueId product) {
  std::vector<int> readers = g->Readers(product);
  if (readers.size() != 1 || g->IsOutput(product) || g->value(product).quantization) return nullptr;
  Node& add = g->nodes[static_cast<size_t>(readers[0])];
  if (add.op != "Add") return nullptr;
  ValueId* other = &add.inputs[add.inputs[0] == product ? 1 : 0];
  return g->value(*other).is_constant() ? other : nullptr;
}

}  // namespace

Quantization PerChannel(const std::vector<float>& scales, size_t axis) {
  return {scales, 0, scales.size() == 1 ? -1 : static_cast<int>(axis)};
}

Int8Weights QuantizeWeights(const std::vector<float>& weights, const Shape& shape, size_t axis,
                            const std::vector<float>& bias, double input_scale) {
  const auto channels = static_cast<size_t>(shape.at(axis));
  const auto inner = static_cast<size_t>(Inner(shape, axis));
  std::vector<double> scale(channels, 0.0);
  auto channel = [&](size_t i) { return i / inner % channels; };
  for (size_t i = 0; i < weights.size(); ++i) {
    scale[channel(i)] =
        std::max(scale[channel(i)], std::abs(static_cast<double>(weights[i])) / 127.0);
  }
  const double largest = *std::max_element(scale.begin(), scale.end());
  Int8Weights q;
  for (size_t c = 0; c < channels; ++c) {
    double s = scale[c] > 0 ? scale[c] : largest > 0 ? largest : 1.0 / 127.0;
    if (bias.size() == channels && input_scale > 0) {
      s = std::max(s, std::abs(static_cast<double>(bias[c])) / (input_scale * std::ldexp(1.0, 29)));
    }
    // A scale that a float holds, also times the input's; such weights are zero.
    if (input_scale > 0) s = std::max(s, kLeastProduct / std::min(input_scale, 1.0));
    // Rounded up, so that the largest weight does not pass 127.
    q.scales.push_back(std::nextafter(static_cast<float>(s), 3e38f));
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    double r =
        std::nearbyint(static_cast<double>(weights[i]) / static_cast<double>(q.scales[channel(i)]));
    q.elements.push_back(static_cast<int8_t>(std::clamp(r, -127.0, 127.0)));
  }
  return q;
}

std::vector<int32_t> QuantizeBias(const std::vector<float>& bias, float input_scale,
                                  const std::vector<float>& scales) {
  std::vector<int32_t> q;
  for (size_t c = 0; c < bias.size(); ++c) {
    const double product = static_cast<double>(input_scale) * static_cast<double>(scales[c]);
    const auto rounded = static_cast<double>(input_scale * scales[c]);  // as the file has it
    const double scale = rounded > 0 ? rounded : product;
    double r = RoundHalfUp(static_cast<double>(bias[c]) / scale);
    q.push_back(static_cast<int32_t>(std::clamp(r, -std::ldexp(1.0, 30), std::ldexp(1.0, 30))));
  }
  return q;
}

Graph QuantizeParameters(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    Node node = g.nodes[n];
    const bool conv = node.op == "Conv", gemm = node.op == "Gemm", product = node.op == "MatMul";
    if ((!conv && !gemm && !product) || !g.value(node.inputs[1]).is_constant()) continue;
    const auto& input = g.value(node.inputs[0]).quantization;
    TF_CHECK(input.has_value(), "node", node.name, "reads", g.value(node.inputs[0]).name,
             "without quantization");
    const float input_scale = input->scales.at(0);
    size_t axis = 0;
    if (product) axis = g.value(node.inputs[1]).shape.size() - 1;
    if (gemm && node.Int("transB", 0) == 0) axis = 1;
    ValueId* bias = product                  ? BiasAfter(&g, node.outputs[0])
                    : node.inputs.size() > 2 ? &node.inputs[2]
                                             : nullptr;
    const ValueId bias_id = bias ? *bias : kNoValue;
    std::vector<float> scales =
        QuantizeOperand(&g, &node.inputs[1], axis, FloatsOrNone(g, bias_id), input_scale);
    if (bias) QuantizeBiasOperand(&g, bias, input_scale, scales);
    g.nodes[n] = std::move(node);
  }
  return Compact(g);
}

}  // namespace tinyformer
