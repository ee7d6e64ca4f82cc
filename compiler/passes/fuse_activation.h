#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Moves Relu and Clip into the operator that makes their operand, as act_min and act_max.
///
/// Example  %1 = conv2d(%0, ..), %2 = Relu(%1)   ->   %2 = conv2d(%0, ..) {act_min=0}
///          %1 = conv2d(..), %2 = max_pool2d(%1), %3 = Relu(%2)
///          ->   the convolution clamps: the maximum commutes
///          Relu of what others read too, or of the input   ->   requantize {act_min=0}
/// Needs    a graph after CancelTransposes
/// Ensures  no Relu, no Clip; the quantization of their output is the fused operator's
/// Errors   compile/clip-bound: a bound of Clip is computed at run time
Graph FuseActivation(Graph g);

/// Makes linear layers of convolutions with a 1x1 kernel, stride 1 and no padding: their pixels are
/// tokens.
///
/// Example  %1 = conv2d(%0 [1,H,W,I], $w [O,1,1,I])   ->   %1 = linear(%0 [1,H,W,I], $w [O,I])
/// Needs    the lowered level
Graph PointwiseToLinear(Graph g);

}  // namespace tinyformer
