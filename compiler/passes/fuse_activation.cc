// FuseActivation and PointwiseToLinear.
#include "compiler/passes/fuse_activation.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "compiler/ops/activation_range.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

bool CarriesActivation(const Node& node) {
  return node.op == "conv2d" || node.op == "depthwise_conv2d" || node.op == "linear" ||
         node.op == "add" || node.op == "layernorm" || node.op == "requantize";
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

// The operator that can clamp for an activation on `id`: its maker, or the maker of what pools and
// movements take from it, as long as nothing else reads what lies between, and nothing there is
// rounded to another scale. -1: none.
int Carrier(const Graph& g, ValueId id, const std::optional<Quantization>& rounded) {
  const int producer = g.Producer(id);
  if (producer < 0 || g.Readers(id).size() != 1 || g.IsOutput(id)) return -1;
  const std::optional<Quantization>& own = g.value(id).quantization;
  if (own && own != rounded) return -1;
  const Node& node = g.nodes[static_cast<size_t>(producer)];
  if (CommutesWithClamp(node)) return Carrier(g, node.inputs[0], rounded);
  return CarriesActivation(node) ? producer : -1;
}

void Clamp(Node* node, const ActivationRange& range) {
  const ActivationRange own = ReadActivation(*node);
  // The later clamp has the last word when the ranges do not meet.
  const double low = std::clamp(own.min, range.min, range.max);
  const double high = std::clamp(own.max, range.min, range.max);
  if (low > ActivationRange().min) node->attributes["act_min"] = low;
  if (high < ActivationRange().max) node->attributes["act_max"] = high;
}

void RequireConstantBounds(const Graph& g, const Node& node) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || ScalarConstant(g, node.inputs[i])) continue;
    throw Error("compile/clip-bound", "node '" + node.name + "' (" + node.op + ")",
                "constant bounds", "'" + g.value(node.inputs[i]).name + "', computed at run time",
                "clip with fixed bounds");
  }
}

}  // namespace

Graph FuseActivation(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    const Node node = g.nodes[n];
    if (node.op != "Relu" && node.op != "Clip") continue;
    RequireConstantBounds(g, node);
    const ActivationRange range = RangeOf(g, node);
    Value& out = g.value(node.outputs[0]);
    if (!out.quantization) out.quantization = g.value(node.inputs[0]).quantization;
    const int carrier = Carrier(g, node.inputs[0], out.quantization);
    if (carrier < 0) {
      g.nodes[n] = {node.name, "requantize", {node.inputs[0]}, node.outputs, {}};
      Clamp(&g.nodes[n], range);
      continue;
    }
    Clamp(&g.nodes[static_cast<size_t>(carrier)], range);
    // What lies between the carrier and here has the output's quantization now.
    ValueId between = node.inputs[0];
    const int producer = g.Producer(between);
    for (int maker = producer; maker != carrier; maker = g.Producer(between)) {
      between = g.nodes[static_cast<size_t>(maker)].inputs[0];
      g.value(between).quantization = out.quantization;
    }
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
