// Random networks at ONNX level, with shapes at the edges of what the compiler takes.
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"

namespace tinyformer::edges {

/// A network of about that many layers on a small image: convolutions of every kind (kernels up to
/// 5, also larger than the image; strides, dilations, unequal padding, groups), pools, residuals,
/// activations, and on tokens linear layers, encoders, layer normalisations and softmaxes. A share
/// of the weights' blocks, 0 % to 100 %, is zero.
///
/// Repeat  the same seed gives the same network
Graph RandomNetwork(uint64_t seed, int layers);

}  // namespace tinyformer::edges
