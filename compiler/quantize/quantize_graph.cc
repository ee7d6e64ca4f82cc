// QuantizeGraph: annotations passed on, then layer by layer.
#include "compiler/quantize/quantize_graph.h"

#include "base/check.h"
#include "base/error.h"
#include "compiler/passes/propagate_quantization.h"
#include "compiler/quantize/clear_unread_channels.h"
#include "compiler/quantize/quantize_layer.h"

namespace tinyformer {
namespace {

void RequireQuantization(const Graph& g, ValueId id) {
  const Value& value = g.value(id);
  if (value.quantization) return;
  throw Error("quantize/missing", "tensor '" + value.name + "'",
              "a scale and a zero point for every activation", "none: the model is float",
              "give --calibrate DATA, or a model in QDQ form");
}

}  // namespace

Graph QuantizeGraph(const Graph& lowered, const QuantizeOptions& options) {
  Graph g = lowered;
  for (const Node& node : g.nodes) {
    std::optional<Quantization>& out = g.value(node.outputs[0]).quantization;
    if (node.op == "softmax" && !out) out = ProbabilityQuantization();
  }
  g = PropagateQuantization(std::move(g));
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
