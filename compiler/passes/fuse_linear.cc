// FuseLinear.
#include "compiler/passes/fuse_linear.h"

#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

bool IsMatrix(const Graph& g, ValueId id) {
  return g.value(id).is_constant() && g.value(id).shape.size() == 2;
}

// Whether a constant broadcasts along the last dimension, of `out` elements.
bool IsPerOutput(const Value& constant, int64_t out) {
  const int64_t count = ElementCount(constant.shape);
  return count == 1 || (count == out && constant.shape.back() == out);
}

std::vector<float> PerOutput(const Value& constant, int64_t out) {
  const std::vector<float> elements = RealElements(constant);
  return elements.size() == 1 ? std::vector<float>(static_cast<size_t>(out), elements[0])
                              : elements;
}

ValueId Scaled(Graph* g, ValueId id, double factor) {
  if (factor == 1.0) return id;
  const Value& value = g->value(id);
  std::vector<float> elements = RealElements(value);
  for (float& e : elements) e = static_cast<float>(static_cast<double>(e) * factor);
  return AddFloats(g, value.name, value.shape, elements);
}

// A bias of shape [out] from a constant that broadcasts along the last dimension, or kNoValue.
ValueId AsBias(Graph* g, ValueId id, int64_t out, const std::string& name) {
  if (id == kNoValue) {
    return AddFloats(g, name, {out}, std::vector<float>(static_cast<size_t>(out), 0.0f));
  }
  const Value value = g->value(id);
  if (!value.is_constant() || !IsPerOutput(value, out)) return kNoValue;
  if (value.shape == Shape{out}) return id;
  if (ElementCount(value.shape) == out) return ReshapeConstant(g, id, {out}, 0, value.name);
  return AddFloats(g, value.name, {out}, PerOutput(value, out));
}

void LowerGemm(Graph* g, Node* node) {
  RequireConstantParameters(*g, *node);
  const ValueId c = node->inputs.size() > 2 ? node->inputs[2] : kNoValue;
  const int64_t out = g->value(node->outputs[0]).shape.back();
  ValueId bias = AsBias(g, c, out, node->name + ".bias");
  if (bias == kNoValue) return;
  const bool transposed = node->Int("transB", 0) != 0;
  ValueId weight =
      transposed ? node->inputs[1]
                 : TransposeConstant(g, node->inputs[1], {1, 0}, g->value(node->inputs[1]).name);
  weight = Scaled(g, weight, node->Float("alpha", 1.0));
  bias = Scaled(g, bias, c == kNoValue ? 1.0 : node->Float("beta", 1.0));
  *node = {node->name, "linear", {node->inputs[0], weight, bias}, node->outputs, {}};
}

// The node that alone reads `id`, or null; `id` is not an output of the graph.
Node* OnlyReader(Graph* g, ValueId id) {
  std::vector<int> readers = g->Readers(id);
  if (readers.size() != 1 || g->IsOutput(id)) return nullptr;
  return &g->nodes[static_cast<size_t>(readers[0])];
}

void LowerMatMul(Graph* g, size_t n) {
  Node node = g->nodes[n];
  const ValueId weight =
      TransposeConstant(g, node.inputs[1], {1, 0}, g->value(node.inputs[1]).name);
  const int64_t out = g->value(weight).shape[0];
  Node* add = OnlyReader(g, node.outputs[0]);
  // An annotated product is rounded before the bias is added: then they stay apart.
  if (add && add->op == "Add" && !g->value(node.outputs[0]).quantization) {
    const size_t position = add->inputs[0] == node.outputs[0] ? 1 : 0;
    ValueId other = add->inputs[position];
    ValueId bias = g->value(other).is_constant() ? AsBias(g, other, out, "") : kNoValue;
    if (bias != kNoValue && g->value(add->outputs[0]).shape == g->value(node.outputs[0]).shape) {
      *add = {node.name, "linear", {node.inputs[0], weight, bias}, add->outputs, {}};
      return;
    }
  }
  g->nodes[n] = {node.name,
                 "linear",
                 {node.inputs[0], weight, AsBias(g, kNoValue, out, node.name + ".bias")},
                 node.outputs,
                 {}};
}

// linear -> Mul or Add with a constant of each output: it belongs to the weights and the bias.
void FoldReader(Graph* g, size_t n) {
  const Node node = g->nodes[n];
  Node* reader = OnlyReader(g, node.outputs[0]);
  if (!reader || g->value(node.outputs[0]).quantization) return;
  if (FoldableOperand(*g, *reader) != node.outputs[0]) return;
  const ValueId constant = reader->inputs[reader->inputs[0] == node.outputs[0] ? 1 : 0];
  const Value weight = g->value(node.inputs[1]), bias = g->value(node.inputs[2]);
  const std::vector<float> values = PerOutput(g->value(constant), weight.shape[0]);
  std::vector<float> w = RealElements(weight), b = RealElements(bias);
  if (reader->op == "Mul") {
    for (size_t i = 0; i < w.size(); ++i) w[i] *= values[i / (w.size() / b.size())];
  }
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = reader->op == "Mul" ? b[i] * values[i] : b[i] + values[i];
  const ValueId own =
      reader->op == "Mul" ? AddFloats(g, weight.name, weight.shape, w) : node.inputs[1];
  *reader = {node.name,
             "linear",
             {node.inputs[0], own, AddFloats(g, bias.name, bias.shape, b)},
             reader->outputs,
             {}};
}

}  // namespace

ValueId FoldableOperand(const Graph& g, const Node& node) {
  if (node.op != "Add" && node.op != "Mul") return kNoValue;
  const size_t constant = g.value(node.inputs[0]).is_constant() ? 0 : 1;
  const ValueId x = node.inputs[1 - constant];
  const Value &other = g.value(node.inputs[constant]), &operand = g.value(x);
  if (!other.is_constant() || operand.is_constant() || operand.shape.empty()) return kNoValue;
  const bool same = g.value(node.outputs[0]).shape == operand.shape;
  return same && IsPerOutput(other, operand.shape.back()) ? x : kNoValue;
}

Graph FuseLinear(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op == "Gemm") LowerGemm(&g, &g.nodes[n]);
    if (g.nodes[n].op == "MatMul" && IsMatrix(g, g.nodes[n].inputs[1]) &&
        !g.value(g.nodes[n].inputs[0]).is_constant()) {
      LowerMatMul(&g, n);
    }
  }
  g = Compact(g);
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op == "linear") FoldReader(&g, n);
  }
  return Compact(g);
}

}  // namespace tinyformer
