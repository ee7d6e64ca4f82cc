#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Makes linear layers of products with constant matrices, weights [out, in].
///
/// Example  %1 = MatMul(%0, $w[in,out]), %2 = Add(%1, $b)   ->   %2 = linear(%0, $w'[out,in], $b)
///          %1 = Gemm(%0, $w, $b)                           ->   %1 = linear(%0, $w', $b)
///          %1 = linear(%0, $w, $b), %2 = Mul(%1, $number)  ->   %2 = linear(%0, $w'', $b'')
/// Needs    a graph at ONNX level
/// Ensures  no Gemm, no MatMul with a constant matrix on the right; integer weights stay integer
/// (unless alpha scales them) Errors   compile/weights-not-constant: a Gemm whose weight or bias is
/// computed at run time
Graph FuseLinear(Graph g);

}  // namespace tinyformer
