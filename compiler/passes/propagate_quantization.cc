// PropagateQuantization.
#include "compiler/passes/propagate_quantization.h"

#include <optional>

#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

bool KeepsScale(const Graph& g, const Node& node) {
  return FindOp(node.op)->quantize == QuantizeRule::kInputScale &&
         !g.value(node.inputs[0]).is_constant();
}

// What all readers of a value make of it, if they keep its scale and agree.
std::optional<Quantization> OfReaders(const Graph& g, ValueId id) {
  const std::vector<int> readers = g.Readers(id);
  std::optional<Quantization> common;
  if (g.IsOutput(id)) return common;
  for (int index : readers) {
    const Node& reader = g.nodes[static_cast<size_t>(index)];
    const std::optional<Quantization>& own = g.value(reader.outputs[0]).quantization;
    if (!KeepsScale(g, reader) || !own || (common && *common != *own)) return std::nullopt;
    common = own;
  }
  return common;
}

// Each annotated tensor is rounded once, also where nothing but its scale changes.
void SplitRoundings(Graph* g) {
  for (size_t n = 0; n < g->nodes.size(); ++n) {
    if (!KeepsScale(*g, g->nodes[n])) continue;
    const ValueId in = g->nodes[n].inputs[0], out = g->nodes[n].outputs[0];
    const std::optional<Quantization> own = g->value(in).quantization;
    if (!own || !g->value(out).quantization || own == g->value(out).quantization) continue;
    Value between = g->value(out);
    between.name = g->UniqueValueName(between.name + ".before_requantize");
    between.quantization = own;
    const ValueId id = g->AddValue(std::move(between));
    g->nodes[n].outputs[0] = id;
    Node requantize{g->nodes[n].name + ".requantize", "requantize", {id}, {out}, {}};
    g->nodes.insert(g->nodes.begin() + static_cast<std::ptrdiff_t>(n) + 1, std::move(requantize));
  }
}

}  // namespace

Graph PropagateQuantization(Graph g) {
  for (size_t n = g.nodes.size(); n-- > 0;) {
    if (!KeepsScale(g, g.nodes[n])) continue;
    const ValueId in = g.nodes[n].inputs[0];
    if (!g.value(in).quantization) g.value(in).quantization = OfReaders(g, in);
  }
  for (const Node& node : g.nodes) {
    if (!KeepsScale(g, node)) continue;
    std::optional<Quantization>& out = g.value(node.outputs[0]).quantization;
    if (!out) out = g.value(node.inputs[0]).quantization;
  }
  SplitRoundings(&g);
  return g;
}

}  // namespace tinyformer
