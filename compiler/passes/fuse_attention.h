#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Recognises multi-head attention, whatever reshapes and transposes split and join the heads.
///
/// Example  q, k, v [1,T,d] -> heads [1,h,T,d/h];
///          MatMul(q, k^T) -> (Mul by a number) -> Softmax -> MatMul(.., v)
///          -> Transpose -> Reshape [1,T,d]      ->      %o = attention(%q, %k, %v) {heads, scale}
/// Needs    a graph at ONNX level after FuseLinear (a number on q or k that a linear layer could
///          not take is found too)
/// Ensures  the scores' quantization, where annotated, is in score_scale and score_zero_point
/// Leaves   products whose operands are not split into heads in this order: the pipeline's last
///          check names them
/// Source   the elements' positions are followed through every reshape and transpose, so any export
///          of the same permutation matches
Graph FuseAttention(Graph g);

}  // namespace tinyformer
