// ChannelsFirstInput.
#include "compiler/passes/channels_first_input.h"

#include <algorithm>

#include "compiler/ops/movement.h"
#include "compiler/passes/fuse_linear.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

bool MovesChannelsFirst(const Node& node) {
  return node.op == "Transpose" && TransposePerm(node, 4) == std::vector<int64_t>{0, 3, 1, 2};
}

bool OnlyRenames(const Node& node) { return node.op == "Reshape" || node.op == "Flatten"; }

// The arithmetic with constants between the input and its transposes, and these; none of them where
// one channel is only looked at in another shape, for which its place makes no difference.
struct Beginning {
  bool found = false;
  std::vector<int> steps, transposes;
};

Beginning FindBeginning(const Graph& g) {
  Beginning found;
  for (ValueId x = g.inputs[0]; !g.IsOutput(x);) {
    const std::vector<int> readers = g.Readers(x);
    const auto node = [&](int index) -> const Node& { return g.nodes[static_cast<size_t>(index)]; };
    const auto all = [&](bool (*is)(const Node&)) {
      return std::all_of(readers.begin(), readers.end(),
                         [&](int index) { return is(node(index)); });
    };
    if (readers.empty()) break;
    const bool moved = all(MovesChannelsFirst);
    if (moved || (g.value(x).shape[3] == 1 && all(OnlyRenames))) {
      found.found = true;
      if (moved) found.transposes = readers;
      return found;
    }
    if (readers.size() != 1 || FoldableOperand(g, node(readers[0])) != x) break;
    found.steps.push_back(readers[0]);
    x = node(readers[0]).outputs[0];
  }
  return {};
}

void MakeFirst(Graph* g, ValueId id) {
  Shape& shape = g->value(id).shape;
  shape = {shape[0], shape[3], shape[1], shape[2]};
}

}  // namespace

Graph ChannelsFirstInput(Graph g) {
  if (g.inputs.size() != 1 || g.value(g.inputs[0]).shape.size() != 4) return g;
  const Beginning beginning = FindBeginning(g);
  if (!beginning.found) return g;
  MakeFirst(&g, g.inputs[0]);
  for (int step : beginning.steps) {
    Node& node = g.nodes[static_cast<size_t>(step)];
    for (ValueId& id : node.inputs) {
      const Value constant = g.value(id);
      if (!constant.is_constant() || ElementCount(constant.shape) == 1) continue;
      id = ReshapeConstant(&g, id, {constant.shape.back(), 1, 1}, 0, constant.name);
    }
    MakeFirst(&g, node.outputs[0]);
  }
  for (int index : beginning.transposes) {
    Node& node = g.nodes[static_cast<size_t>(index)];
    node.op = "Identity";
    node.attributes.clear();
  }
  return Compact(g);
}

}  // namespace tinyformer
