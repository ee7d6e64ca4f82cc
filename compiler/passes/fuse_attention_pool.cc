// FuseAttentionPool.
#include "compiler/passes/fuse_attention_pool.h"

#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

void TryFuse(Graph* g, size_t n) {
  const Node product = g->nodes[n];
  const int softmax = g->Producer(product.inputs[0]);
  if (softmax < 0 || g->nodes[static_cast<size_t>(softmax)].op != "Softmax") return;
  const ValueId x = product.inputs[1];
  const Shape& xs = g->value(x).shape;
  if (g->value(x).is_constant()) return;
  if (xs.size() != 3 || xs[0] != 1 || g->value(product.inputs[0]).shape != Shape{1, 1, xs[1]})
    return;
  const Shape one_a_token = {1, xs[1], 1};
  ValueId logits = kNoValue;
  for (const MovedValue& moved :
       MovementSources(*g, g->nodes[static_cast<size_t>(softmax)].inputs[0])) {
    if (g->value(moved.source).shape == one_a_token && moved.index == Iota(one_a_token))
      logits = moved.source;
  }
  if (logits == kNoValue) return;
  const Shape pooled = {1, xs[2]};
  Node pool{product.name, "attention_pool", {logits, x}, {}, {}};
  std::vector<int> readers = g->Readers(product.outputs[0]);
  if (readers.size() == 1 && !g->IsOutput(product.outputs[0])) {
    Node& reader = g->nodes[static_cast<size_t>(readers[0])];
    if (IsMovement(reader) && g->value(reader.outputs[0]).shape == pooled) {
      pool.outputs = reader.outputs;
      Value& out = g->value(pool.outputs[0]);
      if (!out.quantization) out.quantization = g->value(product.outputs[0]).quantization;
      reader = std::move(pool);
      return;
    }
  }
  pool.outputs = {g->AddValue({g->UniqueValueName(product.name + ".pooled"), DType::kFloat32,
                               pooled, g->value(product.outputs[0]).quantization, std::nullopt})};
  Node reshape{product.name, "reshape", pool.outputs, product.outputs, {}};
  reshape.attributes["shape"] = g->value(product.outputs[0]).shape;
  g->nodes[n] = std::move(pool);
  g->nodes.insert(g->nodes.begin() + static_cast<std::ptrdiff_t>(n) + 1, std::move(reshape));
}

}  // namespace

Graph FuseAttentionPool(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op == "MatMul") TryFuse(&g, n);
  }
  return Compact(g);
}

}  // namespace tinyformer
