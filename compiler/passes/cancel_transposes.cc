// CancelTransposes.
#include "compiler/passes/cancel_transposes.h"

#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

const Node* TransposeOf(const Graph& g, ValueId id) {
  int producer = g.Producer(id);
  if (producer < 0) return nullptr;
  const Node& node = g.nodes[static_cast<size_t>(producer)];
  return node.op == "transpose" ? &node : nullptr;
}

// How many leading operands of an elementwise operator are activations; 0 for other operators.
size_t ElementwiseOperands(const Node& node) {
  if (node.op == "Relu" || node.op == "Clip" || node.op == "requantize") return 1;
  return node.op == "add" ? 2 : 0;
}

// op(transpose(a), transpose(b)) -> transpose(op(a, b)). True when something changed.
bool SinkOne(Graph* g) {
  for (size_t n = 0; n < g->nodes.size(); ++n) {
    const size_t operands = ElementwiseOperands(g->nodes[n]);
    if (operands == 0) continue;
    Node node = g->nodes[n];
    const Node* first = TransposeOf(*g, node.inputs[0]);
    bool same = first != nullptr;
    for (size_t i = 1; i < operands && same; ++i) {
      const Node* other = TransposeOf(*g, node.inputs[i]);
      same = other && other->attributes == first->attributes;
    }
    if (!same) continue;
    const auto perm = first->attributes;
    std::vector<ValueId> sources;
    for (size_t i = 0; i < operands; ++i)
      sources.push_back(TransposeOf(*g, node.inputs[i])->inputs[0]);
    for (size_t i = 0; i < operands; ++i) node.inputs[i] = sources[i];
    const ValueId moved = node.outputs[0];
    Value inner = g->value(moved);
    inner.shape = g->value(sources[0]).shape;
    g->value(moved).name = g->UniqueValueName(inner.name + ".channels_first");
    node.outputs[0] = g->AddValue(std::move(inner));
    Node transpose{g->value(moved).name, "transpose", {node.outputs[0]}, {moved}, perm};
    g->nodes[n] = std::move(node);
    g->nodes.insert(g->nodes.begin() + static_cast<std::ptrdiff_t>(n) + 1, std::move(transpose));
    return true;
  }
  return false;
}

// Shortens the chain that ends at node n: from the farthest ancestor whose order it keeps.
void Shorten(Graph* g, size_t n) {
  const Node node = g->nodes[n];
  std::vector<MovedValue> sources = MovementSources(*g, node.outputs[0]);
  const std::vector<int64_t> in_order = Iota(g->value(node.outputs[0]).shape);
  for (size_t i = sources.size(); i-- > 1;) {
    if (sources[i].index != in_order) continue;
    const ValueId source = sources[i].source;
    const Shape shape = g->value(node.outputs[0]).shape;
    if (!g->value(source).quantization && !g->value(source).is_constant()) {
      g->value(source).quantization = g->value(node.outputs[0]).quantization;
    }
    const bool input_is_output = g->IsOutput(node.outputs[0]) && g->Producer(source) < 0;
    if (g->value(source).shape == shape && !input_is_output) {
      ReplaceUses(g, node.outputs[0], source);
    } else {
      g->nodes[n] = {node.name, "reshape", {source}, node.outputs, {{"shape", shape}}};
    }
    return;
  }
}

// A linear layer over one row of moved elements takes the elements as they lie and moves its
// weights instead.
void MoveWeights(Graph* g, size_t n) {
  Node node = g->nodes[n];
  const Value& x = g->value(node.inputs[0]);
  if (ElementCount(x.shape) != x.shape.back()) return;
  std::vector<MovedValue> sources = MovementSources(*g, node.inputs[0]);
  const MovedValue& far = sources.back();
  if (sources.size() == 1 || far.index == Iota(x.shape)) return;
  const Value weight = g->value(node.inputs[1]);
  const auto bytes = static_cast<size_t>(DTypeBytes(weight.type)), width = far.index.size();
  Value moved = weight;
  moved.name = g->UniqueValueName(weight.name);
  if (moved.quantization && moved.quantization->axis == 1) return;
  for (size_t o = 0; o < static_cast<size_t>(weight.shape[0]); ++o) {
    for (size_t i = 0; i < width; ++i) {
      const size_t to = o * width + static_cast<size_t>(far.index[i]), from = o * width + i;
      for (size_t b = 0; b < bytes; ++b)
        (*moved.data)[to * bytes + b] = (*weight.data)[from * bytes + b];
    }
  }
  node.inputs[1] = g->AddValue(std::move(moved));
  Value flat = g->value(node.inputs[0]);
  const Shape shape = flat.shape;
  flat.name = g->UniqueValueName(flat.name);
  const ValueId id = g->AddValue(std::move(flat));
  node.inputs[0] = id;
  Node reshape{g->value(id).name, "reshape", {far.source}, {id}, {{"shape", shape}}};
  g->nodes[n] = std::move(node);
  g->nodes.insert(g->nodes.begin() + static_cast<std::ptrdiff_t>(n), std::move(reshape));
}

}  // namespace

Graph CancelTransposes(Graph g) {
  while (SinkOne(&g)) g = Compact(g);
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (IsMovement(g.nodes[n])) Shorten(&g, n);
  }
  g = Compact(g);
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op == "linear") MoveWeights(&g, n);
  }
  return Compact(g);
}

}  // namespace tinyformer
