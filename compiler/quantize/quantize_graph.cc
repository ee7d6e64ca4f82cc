// QuantizeGraph: annotations passed on, then layer by layer.
#include "compiler/quantize/quantize_graph.h"

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/op_def.h"
#include "compiler/quantize/clear_unread_channels.h"
#include "compiler/quantize/quantize_layer.h"

namespace tinyformer {
namespace {

bool KeepsScale(const Node& node) { return FindOp(node.op)->quantize == QuantizeRule::kInputScale; }

void RequireQuantization(const Graph& g, ValueId id) {
  const Value& value = g.value(id);
  if (value.quantization) return;
  throw Error("quantize/missing", "tensor '" + value.name + "'",
              "a scale and a zero point for every activation", "none: the model is float",
              "give --calibrate DATA, or a model in QDQ form");
}

}  // namespace

Graph PropagateQuantization(Graph g) {
  for (const Node& node : g.nodes) {
    std::optional<Quantization>& out = g.value(node.outputs[0]).quantization;
    if (node.op == "softmax" && !out) out = ProbabilityQuantization();
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const Node& node : g.nodes) {
      if (!KeepsScale(node)) continue;
      auto &in = g.value(node.inputs[0]).quantization, &out = g.value(node.outputs[0]).quantization;
      if (in.has_value() == out.has_value()) continue;
      (in ? out : in) = in ? in : out;
      changed = true;
    }
  }
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (!KeepsScale(g.nodes[n])) continue;
    const ValueId in = g.nodes[n].inputs[0], out = g.nodes[n].outputs[0];
    if (g.value(in).quantization == g.value(out).quantization) continue;
    Value between = g.value(out);
    between.name = g.UniqueValueName(between.name + ".before_requantize");
    between.quantization = g.value(in).quantization;
    const ValueId id = g.AddValue(std::move(between));
    g.nodes[n].outputs[0] = id;
    Node requantize{g.nodes[n].name + ".requantize", "requantize", {id}, {out}, {}};
    g.nodes.insert(g.nodes.begin() + static_cast<std::ptrdiff_t>(n) + 1, std::move(requantize));
  }
  return g;
}

Graph QuantizeGraph(const Graph& lowered, const QuantizeOptions& options) {
  Graph g = PropagateQuantization(lowered);
  for (ValueId id : g.inputs) RequireQuantization(g, id);
  for (const Node& node : g.nodes) {
    for (ValueId id : node.outputs) RequireQuantization(g, id);
  }
  for (size_t n = 0; n < g.nodes.size(); ++n) QuantizeLayer(&g, n, options);
  for (ValueId id : g.inputs) g.value(id).type = DType::kInt8;
  for (const Node& node : g.nodes) {
    for (ValueId id : node.outputs) g.value(id).type = DType::kInt8;
  }
  if (options.clear_unread_channels) g = ClearUnreadChannels(std::move(g));
  g = Compact(g);
  Verify(g, "QuantizeGraph");
  return g;
}

}  // namespace tinyformer
