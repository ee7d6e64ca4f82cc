// kPasses and Lower.
#include "compiler/passes/pipeline.h"

#include "base/error.h"
#include "compiler/ops/op_def.h"
#include "compiler/passes/cancel_transposes.h"
#include "compiler/passes/fold_affine.h"
#include "compiler/passes/fold_constants.h"
#include "compiler/passes/fuse_activation.h"
#include "compiler/passes/fuse_attention.h"
#include "compiler/passes/fuse_attention_pool.h"
#include "compiler/passes/fuse_linear.h"
#include "compiler/passes/propagate_quantization.h"
#include "compiler/passes/remove_no_ops.h"
#include "compiler/passes/to_channels_last.h"

namespace tinyformer {
namespace {

// What a node that no kernel covers would have to be, or null.
const char* Unlowered(const Graph& g, const Node& node) {
  const std::string& op = node.op;
  const Shape& x = g.value(node.inputs[0]).shape;
  const bool window =
      op == "conv2d" || op == "depthwise_conv2d" || op == "max_pool2d" || op == "average_pool2d";
  if (window && x[0] != 1) return "one image at a time";
  if (op == "transpose" && x.size() > 4) return "at most four axes that move by themselves";
  if (FindOp(op)->level == OpDef::Level::kLowered && op != "mul") return nullptr;
  if (op == "MatMul")
    return "a product with a constant matrix, or part of self-attention or sequence pooling";
  if (op == "Mul")
    return "a number on attention scores or after a linear layer, or a constant of each channel "
           "right "
           "after a Conv or on an input image, not rounded in between";
  if (op == "Gemm") return "a constant matrix and a bias that all rows share";
  if (op == "Add")
    return "two activations of one shape, a bias after MatMul, or a constant of each channel right "
           "after "
           "a Conv or on an input image, not rounded in between";
  return "a use that a kernel covers";
}

void RequireLowered(const Graph& g) {
  for (const Node& node : g.nodes) {
    const char* expected = Unlowered(g, node);
    if (expected == nullptr) continue;
    std::string operands;
    for (ValueId id : node.inputs) {
      if (id != kNoValue)
        operands += (operands.empty() ? "" : " and ") + ToString(g.value(id).shape);
    }
    throw Error("compile/pattern", "node '" + node.name + "' (" + node.op + ")", expected,
                "operands " + operands,
                "docs/adding_an_operator.md lists the patterns that the compiler knows");
  }
}

}  // namespace

const std::vector<Pass> kPasses = {
    {"PropagateQuantization", PropagateQuantization},
    {"FoldConstants", FoldConstants},
    {"RemoveNoOps", RemoveNoOps},
    {"FoldAffine", FoldAffine},
    {"FuseLinear", FuseLinear},
    {"FuseAttention", FuseAttention},
    {"FuseAttentionPool", FuseAttentionPool},
    {"ToChannelsLast", ToChannelsLast},
    {"CancelTransposes", CancelTransposes},
    {"FuseActivation", FuseActivation},
    {"PointwiseToLinear", PointwiseToLinear},
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
