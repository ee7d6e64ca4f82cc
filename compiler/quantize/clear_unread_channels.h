// ClearUnreadChannels: weights that cannot reach the output become zeros, which sparse codes leave
// out.
#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Sets to zero the weights and biases of output channels that every reader multiplies by zero:
/// behind pruned networks' depthwise kernels without a weight lie whole rows of the layer before.
/// The graph's outputs keep every bit; the cleared channels themselves change.
///
/// Channels are followed from the outputs back through conv2d, depthwise_conv2d, linear and the
/// operators that treat each channel alone; any other operator reads all of them.
///
/// Needs  the quantized level (QuantizeGraph), where each layer's constants are its own
Graph ClearUnreadChannels(Graph quantized);

}  // namespace tinyformer
