// FoldAffine.
#include "compiler/passes/fold_affine.h"

#include <cmath>
#include <optional>

#include "base/error.h"
#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

struct Affine {
  ValueId x = kNoValue;
  std::vector<double> factor, offset;  // y = x * factor + offset, per channel
};

Affine ReadBatchNorm(const Graph& g, const Node& node) {
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
  Affine affine{node.inputs[0], {}, {}};
  for (size_t c = 0; c < p[0].size(); ++c) {
    const double variance = static_cast<double>(p[3][c]) + node.Float("epsilon", 1e-5);
    if (!(variance > 0)) {
      throw Error("compile/batch-norm", "node '" + node.name + "' (BatchNormalization)",
                  "variances that with epsilon are above 0",
                  std::to_string(variance) + " in channel " + std::to_string(c),
                  "export the model again: its statistics are damaged");
    }
    const double f = static_cast<double>(p[0][c]) / std::sqrt(variance);
    affine.factor.push_back(f);
    affine.offset.push_back(static_cast<double>(p[1][c]) - static_cast<double>(p[2][c]) * f);
  }
  return affine;
}

// One number for each channel of an image, from a constant that broadcasts so; empty: it does not.
std::vector<float> PerChannel(const Value& constant, const Shape& image) {
  const std::vector<float> elements = RealElements(constant);
  const auto channels = static_cast<size_t>(image[1]);
  if (elements.size() == 1) return std::vector<float>(channels, elements[0]);
  const Shape& shape = constant.shape;
  const bool along = shape.size() >= 3 && shape[shape.size() - 3] == image[1];
  return along && elements.size() == channels ? elements : std::vector<float>();
}

// Of an Add or Mul with a constant, on an image that is no int8 tensor.
std::optional<Affine> ReadArithmetic(const Graph& g, const Node& node) {
  const size_t constant = g.value(node.inputs[0]).is_constant() ? 0 : 1;
  const ValueId x = node.inputs[1 - constant];
  const Value &image = g.value(x), &other = g.value(node.inputs[constant]);
  if (!other.is_constant() || image.is_constant() || image.quantization) return std::nullopt;
  if (image.shape.size() != 4 || g.value(node.outputs[0]).shape != image.shape) return std::nullopt;
  const std::vector<float> values = PerChannel(other, image.shape);
  if (values.empty()) return std::nullopt;
  Affine affine{x, std::vector<double>(values.size(), 1), std::vector<double>(values.size(), 0)};
  (node.op == "Mul" ? affine.factor : affine.offset).assign(values.begin(), values.end());
  return affine;
}

std::vector<float> ToFloats(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

Node DepthwiseFor(Graph* g, const Node& norm, const Affine& affine) {
  const auto channels = static_cast<int64_t>(affine.factor.size());
  Node conv{norm.name, "Conv", {affine.x}, norm.outputs, {{"group", channels}}};
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

Graph FoldAffine(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    const Node node = g.nodes[n];
    std::optional<Affine> affine;
    if (node.op == "BatchNormalization") affine = ReadBatchNorm(g, node);
    if (node.op == "Add" || node.op == "Mul") affine = ReadArithmetic(g, node);
    if (!affine) continue;
    const int producer = g.Producer(affine->x);
    const Node* conv = producer < 0 ? nullptr : &g.nodes[static_cast<size_t>(producer)];
    const bool own = conv && conv->op == "Conv" && !g.value(affine->x).quantization &&
                     g.value(conv->inputs[1]).is_constant() &&
                     (conv->inputs.size() < 3 || g.value(conv->inputs[2]).is_constant()) &&
                     g.Readers(affine->x).size() == 1 && !g.IsOutput(affine->x);
    if (own) {
      g.nodes[n] = Fold(&g, Node(*conv), node, *affine);
    } else if (producer < 0 || node.op == "BatchNormalization") {
      g.nodes[n] = DepthwiseFor(&g, node, *affine);
    }
  }
  return Compact(g);
}

}  // namespace tinyformer
