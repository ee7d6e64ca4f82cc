// FuseAttention.
#include "compiler/passes/fuse_attention.h"

#include <algorithm>

#include "compiler/passes/rewrite.h"

namespace tinyformer {
namespace {

// Position of element (h, t, j) of a tensor whose last dimensions are given; leading dimensions are
// the heads.
struct Heads {
  int64_t heads, tokens, width;
};

// The ancestor [1, T, d] of an operand whose elements, read as [heads][tokens][width] (or with the
// last two swapped), are the ancestor's in head order; kNoValue if there is none.
ValueId SplitSource(const Graph& g, ValueId operand, const Heads& s, bool swapped, double* factor) {
  for (const MovedValue& moved : MovementSources(g, operand, factor != nullptr)) {
    if (g.value(moved.source).shape != Shape{1, s.tokens, s.heads * s.width}) continue;
    bool match = true;
    for (int64_t h = 0; h < s.heads && match; ++h) {
      for (int64_t t = 0; t < s.tokens && match; ++t) {
        for (int64_t j = 0; j < s.width && match; ++j) {
          int64_t at = h * s.tokens * s.width + (swapped ? j * s.tokens + t : t * s.width + j);
          match = moved.index[static_cast<size_t>(at)] == (t * s.heads + h) * s.width + j;
        }
      }
    }
    if (!match) continue;
    if (factor) *factor *= moved.factor;
    return moved.source;
  }
  return kNoValue;
}

// Follows the product's only readers down to the value [1, T, d] in joined order; -1 if there is
// none.
int JoinNode(const Graph& g, ValueId product, const Heads& s) {
  ValueId id = product;
  std::vector<int64_t> index = Iota(g.value(product).shape);
  int node = g.Producer(product);
  while (true) {
    if (g.value(id).shape == Shape{1, s.tokens, s.heads * s.width}) {
      bool match = true;
      for (size_t i = 0; i < index.size() && match; ++i) {
        auto at = static_cast<int64_t>(i);
        int64_t j = at % s.width, h = at / s.width % s.heads, t = at / (s.width * s.heads);
        match = index[i] == (h * s.tokens + t) * s.width + j;
      }
      if (match) return node;
    }
    std::vector<int> readers = g.Readers(id);
    if (readers.size() != 1 || g.IsOutput(id)) return -1;
    const Node& reader = g.nodes[static_cast<size_t>(readers[0])];
    if (!IsMovement(reader)) return -1;
    index = MoveIndices(g, reader, index);
    id = reader.outputs[0];
    node = readers[0];
  }
}

void TryFuse(Graph* g, const Node& product) {
  const int softmax = g->Producer(product.inputs[0]);
  if (softmax < 0 || g->nodes[static_cast<size_t>(softmax)].op != "Softmax") return;
  // Scores, before and after a multiplication by a number.
  ValueId scores = g->nodes[static_cast<size_t>(softmax)].inputs[0];
  const std::optional<Quantization> score_quantization = g->value(scores).quantization;
  double scale = 1.0;
  int producer = g->Producer(scores);
  if (producer >= 0 && g->nodes[static_cast<size_t>(producer)].op == "Mul") {
    std::vector<MovedValue> sources = MovementSources(*g, scores, true);
    if (sources.size() < 2) return;
    scale = sources[1].factor;
    producer = g->Producer(sources[1].source);
  }
  if (producer < 0 || g->nodes[static_cast<size_t>(producer)].op != "MatMul") return;
  const Node dot = g->nodes[static_cast<size_t>(producer)];
  const Shape &qs = g->value(dot.inputs[0]).shape, &ks = g->value(dot.inputs[1]).shape,
              &vs = g->value(product.inputs[1]).shape;
  const size_t rank = qs.size();
  if (rank < 3 || ks.size() != rank || vs.size() != rank) return;
  Heads s{1, qs[rank - 2], qs[rank - 1]};
  for (size_t i = 0; i + 2 < rank; ++i) s.heads *= qs[i];
  if (vs != qs || ks[rank - 2] != s.width || ks[rank - 1] != s.tokens) return;
  ValueId q = SplitSource(*g, dot.inputs[0], s, false, &scale);
  ValueId k = SplitSource(*g, dot.inputs[1], s, true, &scale);
  ValueId v = SplitSource(*g, product.inputs[1], s, false, nullptr);
  int join = JoinNode(*g, product.outputs[0], s);
  if (q == kNoValue || k == kNoValue || v == kNoValue || join < 0) return;
  if (g->value(q).is_constant() || g->value(k).is_constant() || g->value(v).is_constant()) return;
  Node attention{
      product.name, "attention", {q, k, v}, g->nodes[static_cast<size_t>(join)].outputs, {}};
  attention.attributes["heads"] = s.heads;
  attention.attributes["scale"] = scale;
  if (score_quantization) {
    attention.attributes["score_scale"] = static_cast<double>(score_quantization->scales.at(0));
    attention.attributes["score_zero_point"] = static_cast<int64_t>(score_quantization->zero_point);
  }
  Value& out = g->value(attention.outputs[0]);
  if (!out.quantization) out.quantization = g->value(product.outputs[0]).quantization;
  g->nodes[static_cast<size_t>(join)] = std::move(attention);
}

}  // namespace

Graph FuseAttention(Graph g) {
  for (size_t n = 0; n < g.nodes.size(); ++n) {
    if (g.nodes[n].op == "MatMul") TryFuse(&g, Node(g.nodes[n]));
  }
  return Compact(g);
}

}  // namespace tinyformer
