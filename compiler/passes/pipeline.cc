// kPasses and Lower.
#include "compiler/passes/pipeline.h"

#include "base/error.h"
#include "compiler/ops/op_def.h"
#include "compiler/passes/cancel_transposes.h"
#include "compiler/passes/fold_batch_norm.h"
#include "compiler/passes/fold_constants.h"
#include "compiler/passes/fuse_activation.h"
#include "compiler/passes/fuse_attention.h"
#include "compiler/passes/fuse_attention_pool.h"
#include "compiler/passes/fuse_linear.h"
#include "compiler/passes/remove_no_ops.h"
#include "compiler/passes/to_channels_last.h"

namespace tinyformer {
namespace {

const char* Explanation(const std::string& op) {
  if (op == "MatMul")
    return "a product with a constant matrix, or part of self-attention or sequence pooling";
  if (op == "Mul") return "a factor on attention scores or after a linear layer";
  if (op == "Add") return "two activations of one shape, or a bias after MatMul";
  return "a use that a kernel covers";
}

void RequireLowered(const Graph& g) {
  for (const Node& node : g.nodes) {
    if (FindOp(node.op)->level == OpDef::Level::kLowered && node.op != "mul") continue;
    std::string operands;
    for (ValueId id : node.inputs) {
      if (id != kNoValue)
        operands += (operands.empty() ? "" : " and ") + ToString(g.value(id).shape);
    }
    throw Error("compile/pattern", "node '" + node.name + "' (" + node.op + ")",
                Explanation(node.op), "operands " + operands,
                "docs/adding_an_operator.md lists the patterns that the compiler knows");
  }
}

}  // namespace

const std::vector<Pass> kPasses = {
    {"FoldConstants", FoldConstants},   {"RemoveNoOps", RemoveNoOps},
    {"FoldBatchNorm", FoldBatchNorm},   {"FuseLinear", FuseLinear},
    {"FuseAttention", FuseAttention},   {"FuseAttentionPool", FuseAttentionPool},
    {"ToChannelsLast", ToChannelsLast}, {"CancelTransposes", CancelTransposes},
    {"FuseActivation", FuseActivation}, {"PointwiseToLinear", PointwiseToLinear},
};

Graph Lower(const Graph& onnx_level, const std::function<void(const Pass&, const Graph&)>& after) {
  Graph g = onnx_level;
  for (const Pass& pass : kPasses) {
    g = pass.run(std::move(g));
    Verify(g, pass.name);
    if (after) after(pass, g);
  }
  RequireLowered(g);
  return g;
}

}  // namespace tinyformer
