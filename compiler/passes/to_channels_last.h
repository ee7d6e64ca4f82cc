#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Gives every image operator channels-last operands and names the rest at the lowered level.
///
/// Example  %1 = Conv(%0 [1,C,H,W], $w OIHW)
///          ->   %a = transpose(%0), %b = conv2d(%a [1,H,W,C], $w OHWI), %1 = transpose(%b)
/// Needs    a graph after FuseLinear, FuseAttention and FuseAttentionPool
/// Ensures  the graph's input, when it has four dimensions, is [1,H,W,C]; no Conv, MaxPool,
///          AveragePool, GlobalAveragePool, Add of activations, LayerNormalization, Reshape,
///          Flatten, Transpose
/// Leaves   transposes around every image operator (CancelTransposes removes them), Relu and Clip
///          (FuseActivation)
/// Errors   compile/weights-not-constant
Graph ToChannelsLast(Graph g);

}  // namespace tinyformer
