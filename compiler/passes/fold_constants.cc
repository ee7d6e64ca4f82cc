// FoldConstants.
#include "compiler/passes/fold_constants.h"

#include <algorithm>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

ValueId FoldNode(Graph* g, const Node& node) {
  const Value& out = g->value(node.outputs[0]);
  const Value& first = g->value(node.inputs[0]);
  if (node.op == "Transpose") {
    return TransposeConstant(g, node.inputs[0], TransposePerm(node, first.shape.size()), out.name);
  }
  if (IsMovement(node) && (!first.quantization || first.quantization->axis < 0)) {
    return ReshapeConstant(g, node.inputs[0], out.shape, -1, out.name);
  }
  Tensor result{out.shape, std::vector<float>(static_cast<size_t>(ElementCount(out.shape)))};
  std::vector<Tensor> operands;
  for (ValueId id : node.inputs) {
    operands.push_back(id == kNoValue ? Tensor{}
                                      : Tensor{g->value(id).shape, RealElements(g->value(id))});
  }
  std::vector<const Tensor*> in;
  for (size_t i = 0; i < operands.size(); ++i)
    in.push_back(node.inputs[i] == kNoValue ? nullptr : &operands[i]);
  FindOp(node.op)->evaluate({*g, node, kGraphOpset}, in, {&result});
  return AddFloats(g, out.name, out.shape, result.data);
}

}  // namespace

Graph FoldConstants(Graph g) {
  const std::vector<Node> nodes = std::move(g.nodes);
  g.nodes.clear();
  std::map<ValueId, ValueId> folded;
  for (Node node : nodes) {
    for (ValueId& id : node.inputs) {
      if (auto it = folded.find(id); it != folded.end()) id = it->second;
    }
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
      return id == kNoValue || g.value(id).is_constant();
    });
    if (constant && !g.IsOutput(node.outputs[0])) {
      folded[node.outputs[0]] = FoldNode(&g, node);
    } else {
      g.nodes.push_back(std::move(node));
    }
  }
  return Compact(g);
}

}  // namespace tinyformer
