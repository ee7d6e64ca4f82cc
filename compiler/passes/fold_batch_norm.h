#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Moves batch normalisation into the convolution before it: w' = w * f, b' = (b - mean) * f + beta
/// with f = gamma / sqrt(var + epsilon) per output channel. A pruned weight stays exactly zero.
///
/// Example  %1 = Conv(%0, $w), %2 = BatchNormalization(%1, ..)   ->   %2 = Conv(%0, $w', $b')
/// Needs    a graph at ONNX level with constant weights and statistics
/// Ensures  no BatchNormalization: one without a convolution of its own before it becomes a 1x1
/// depthwise Conv Errors   compile/batch-norm: a normalisation of anything but an image whose
/// parameters are constant
Graph FoldBatchNorm(Graph g);

}  // namespace tinyformer
