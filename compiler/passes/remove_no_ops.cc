// RemoveNoOps.
#include "compiler/passes/remove_no_ops.h"

#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

bool ChangesNothing(const Graph& g, const Node& node) {
  const Shape &in = g.value(node.inputs[0]).shape, &out = g.value(node.outputs[0]).shape;
  if (in != out) return false;
  if (IsMovement(node)) return MoveIndices(g, node, Iota(in)) == Iota(in);
  if (node.op == "MaxPool" || node.op == "AveragePool") {
    return node.Ints("kernel_shape", {}) == std::vector<int64_t>{1, 1};
  }
  return false;
}

}  // namespace

Graph RemoveNoOps(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    const Node node = g.nodes[n];
    if (node.inputs.empty() || node.inputs[0] == kNoValue || !ChangesNothing(g, node)) continue;
    const bool input_is_output = g.IsOutput(node.outputs[0]) && g.Producer(node.inputs[0]) < 0;
    if (!input_is_output) ReplaceUses(&g, node.outputs[0], node.inputs[0]);
  }
  return Compact(g);
}

}  // namespace tinyformer
