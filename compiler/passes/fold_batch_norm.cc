// FoldBatchNorm.
#include "compiler/passes/fold_batch_norm.h"

#include <cmath>

#include "base/error.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

struct Affine {
  std::vector<double> factor, offset;  // y = x * factor + offset, per channel
};

Affine ReadAffine(const Graph& g, const Node& node) {
  bool constant = g.value(node.outputs[0]).shape.size() == 4;
  for (size_t i = 1; i < 5; ++i) constant = constant && g.value(node.inputs[i]).is_constant();
  if (!constant) {
    throw Error("compile/batch-norm", "node '" + node.name + "' (BatchNormalization)",
                "an image [1, channels, height, width] and constant parameters",
                "operand of shape " + ToString(g.value(node.inputs[0]).shape),
                "export in evaluation mode");
  }
  std::vector<float> p[4];
  for (size_t i = 0; i < 4; ++i) p[i] = RealElements(g.value(node.inputs[i + 1]));
  Affine affine;
  for (size_t c = 0; c < p[0].size(); ++c) {
    double f = static_cast<double>(p[0][c]) /
               std::sqrt(static_cast<double>(p[3][c]) + node.Float("epsilon", 1e-5));
    affine.factor.push_back(f);
    affine.offset.push_back(static_cast<double>(p[1][c]) - static_cast<double>(p[2][c]) * f);
  }
  return affine;
}

std::vector<float> ToFloats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

Node DepthwiseFor(Graph* g, const Node& norm, const Affine& affine) {
  const auto channels = static_cast<int64_t>(affine.factor.size());
  Node conv{norm.name, "Conv", {norm.inputs[0]}, norm.outputs, {{"group", channels}}};
  conv.inputs.push_back(
      AddFloats(g, norm.name + ".weight", {channels, 1, 1, 1}, ToFloats(affine.factor)));
  conv.inputs.push_back(AddFloats(g, norm.name + ".bias", {channels}, ToFloats(affine.offset)));
  return conv;
}

Node Fold(Graph* g, const Node& conv, const Node& norm, const Affine& affine) {
  const Value weight = g->value(conv.inputs[1]);
  std::vector<float> w = RealElements(weight);
  std::vector<double> b(affine.factor.size(), 0.0);
  if (conv.inputs.size() > 2) {
    std::vector<float> given = RealElements(g->value(conv.inputs[2]));
    b.assign(given.begin(), given.end());
  }
  const size_t per_channel = w.size() / b.size();
  for (size_t i = 0; i < w.size(); ++i) {
    w[i] = static_cast<float>(static_cast<double>(w[i]) * affine.factor[i / per_channel]);
  }
  for (size_t c = 0; c < b.size(); ++c) b[c] = b[c] * affine.factor[c] + affine.offset[c];
  const std::string bias_name =
      conv.inputs.size() > 2 ? g->value(conv.inputs[2]).name : conv.name + ".bias";
  Node folded = conv;
  folded.inputs.resize(3);
  folded.inputs[1] = AddFloats(g, weight.name, weight.shape, w);
  folded.inputs[2] = AddFloats(g, bias_name, {static_cast<int64_t>(b.size())}, ToFloats(b));
  folded.outputs = norm.outputs;
  return folded;
}

}  // namespace

Graph FoldBatchNorm(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op != "BatchNormalization") continue;
    const Node norm = g.nodes[n];
    const Affine affine = ReadAffine(g, norm);
    const int producer = g.Producer(norm.inputs[0]);
    const Node* conv = producer < 0 ? nullptr : &g.nodes[static_cast<size_t>(producer)];
    const bool own = conv && conv->op == "Conv" && g.value(conv->inputs[1]).is_constant() &&
                     (conv->inputs.size() < 3 || g.value(conv->inputs[2]).is_constant()) &&
                     g.Readers(norm.inputs[0]).size() == 1 && !g.IsOutput(norm.inputs[0]);
    g.nodes[n] = own ? Fold(&g, Node(*conv), norm, affine) : DepthwiseFor(&g, norm, affine);
  }
  return Compact(g);
}

}  // namespace tinyformer
