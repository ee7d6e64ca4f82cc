// ClearUnreadChannels: weights that cannot reach the output become zeros, which sparse codes leave
// out.
#pragma once

#include <functional>
#include <vector>

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

/// Of a value's last axis: which channels something reads.
using ReadChannels = std::vector<bool>;

/// Of a node with weights (conv2d, depthwise_conv2d, linear): the input channels that it reads when
/// only these of its output channels are read.
using WeightsRead = std::function<ReadChannels(const Node& node, const ReadChannels& outputs)>;

/// Follows channels as ClearUnreadChannels does, whatever the weights are. Calls `weights` once for
/// each node with weights, from the last to the first.
void VisitReadChannels(const Graph& quantized, const WeightsRead& weights);

}  // namespace tinyformer
