#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Moves what scales and shifts each channel into the convolution before it: w' = w * f,
/// b' = b * f + o. A pruned weight stays exactly zero.
///
///   BatchNormalization    f = gamma / sqrt(var + epsilon), o = beta - mean * f
///   Mul, Add              by or of a constant: one number, or one a channel
///
/// A quantization between the two stays, for it rounds.
///
/// Example  %1 = Conv(%0, $w), %2 = BatchNormalization(%1, ..)   ->   %2 = Conv(%0, $w', $b')
/// Needs    a graph at ONNX level with constant weights and statistics
/// Ensures  no BatchNormalization: one without a convolution of its own before it becomes a 1x1
///          depthwise Conv; so do Mul and Add of the graph's input, an image
/// Leaves   other Mul and Add as they are
/// Errors   compile/batch-norm: a normalisation of anything but an image whose parameters are
///          constant
Graph FoldAffine(Graph g);

}  // namespace tinyformer
