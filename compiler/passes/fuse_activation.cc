// FuseActivation and PointwiseToLinear.
#include "compiler/passes/fuse_activation.h"

#include <algorithm>

#include "base/error.h"
#include "compiler/ops/activation_range.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

bool CarriesActivation(const Node& node) {
  return node.op == "conv2d" || node.op == "depthwise_conv2d" || node.op == "linear" ||
         node.op == "add" || node.op == "layernorm";
}

// Monotonic operators with one scale: a clamp after them is a clamp before them.
bool CommutesWithClamp(const Node& node) { return node.op == "max_pool2d" || IsMovement(node); }

ActivationRange RangeOf(const Graph& g, const Node& node) {
  ActivationRange range;
  if (node.op == "Relu") {
    range.min = 0;
    return range;
  }
  if (auto low = ScalarConstant(g, node.inputs.size() > 1 ? node.inputs[1] : kNoValue))
    range.min = static_cast<double>(*low);
  if (auto high = ScalarConstant(g, node.inputs.size() > 2 ? node.inputs[2] : kNoValue))
    range.max = static_cast<double>(*high);
  return range;
}

[[noreturn]] void FailActivation(const Graph& g, const Node& node, const std::string& found) {
  throw Error("compile/activation", "node '" + node.name + "' (" + node.op + ")",
              "an activation function after Conv, MatMul, Gemm, Add or LayerNormalization that "
              "nothing else reads",
              found + " '" + g.value(node.inputs[0]).name + "'",
              "move the activation function behind such an operator");
}

// Sets the range on the operator that makes `id`, passing through operators that commute;
// annotations move up with it.
void Carry(Graph* g, const Node& activation, ValueId id, const ActivationRange& range) {
  const int producer = g->Producer(id);
  if (producer < 0) FailActivation(*g, activation, "it follows");
  if (g->Readers(id).size() != 1 || g->IsOutput(id)) FailActivation(*g, activation, "others read");
  Node& node = g->nodes[static_cast<size_t>(producer)];
  if (CommutesWithClamp(node)) {
    Carry(g, activation, node.inputs[0], range);
    g->value(node.inputs[0]).quantization = g->value(activation.outputs[0]).quantization;
    return;
  }
  if (!CarriesActivation(node)) FailActivation(*g, activation, "it follows " + node.op + ",");
  const ActivationRange own = ReadActivation(node);
  // The later clamp has the last word when the ranges do not meet.
  const double low = std::clamp(own.min, range.min, range.max),
               high = std::clamp(own.max, range.min, range.max);
  if (low > ActivationRange().min) node.attributes["act_min"] = low;
  if (high < ActivationRange().max) node.attributes["act_max"] = high;
}

}  // namespace

Graph FuseActivation(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    const Node node = g.nodes[n];
    if (node.op != "Relu" && node.op != "Clip") continue;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != kNoValue && !ScalarConstant(g, node.inputs[i]))
        FailActivation(g, node, "its bounds are computed from");
    }
    Value& out = g.value(node.outputs[0]);
    if (!out.quantization) out.quantization = g.value(node.inputs[0]).quantization;
    const int producer = g.Producer(node.inputs[0]);
    Carry(&g, node, node.inputs[0], RangeOf(g, node));
    g.nodes[static_cast<size_t>(producer)].outputs[0] = node.outputs[0];
    g.nodes.erase(g.nodes.begin() + static_cast<std::ptrdiff_t>(n));
    --n;
  }
  return Compact(g);
}

Graph PointwiseToLinear(Graph g) {
  for (Node& node : g.nodes) {
    if (node.op != "conv2d" || node.Int("group", 1) != 1) continue;
    const Value& weight = g.value(node.inputs[1]);
    const Shape ws = weight.shape;
    if (ws[1] != 1 || ws[2] != 1 || node.Ints("strides", {1, 1}) != std::vector<int64_t>{1, 1} ||
        node.Ints("pads", {0, 0, 0, 0}) != std::vector<int64_t>{0, 0, 0, 0}) {
      continue;
    }
    node.op = "linear";
    for (const char* key : {"strides", "pads", "dilations", "group"}) node.attributes.erase(key);
    node.inputs[1] = ReshapeConstant(&g, node.inputs[1], {ws[0], ws[3]}, 0, weight.name);
  }
  return Compact(g);
}

}  // namespace tinyformer
