#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Makes linear layers of products with constant matrices, weights [out, in].
///
/// Example  %1 = MatMul(%0, $w[in,out]), %2 = Add(%1, $b)   ->   %2 = linear(%0, $w'[out,in], $b)
///          %1 = Gemm(%0, $w, $b)                           ->   %1 = linear(%0, $w', $b)
///          %1 = linear(%0, $w, $b), %2 = Mul(%1, $f)       ->   %2 = linear(%0, $w'', $b''),
///          and so for Add, where FoldableOperand says so and %1 is not annotated
/// Needs    a graph at ONNX level
/// Ensures  no Gemm, no MatMul with a constant matrix on the right; integer weights stay integer
///          (unless alpha scales them)
/// Errors   compile/weights-not-constant: a Gemm whose weight or bias is computed at run time
Graph FuseLinear(Graph g);

/// The operand of an Add or Mul whose other one is a constant of one number or of one for each
/// element of the last dimension, which a linear layer before it can take over; kNoValue for other
/// nodes.
ValueId FoldableOperand(const Graph& g, const Node& node);

}  // namespace tinyformer
