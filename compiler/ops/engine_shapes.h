// Lowered nodes' shapes as the engine's parameter structs have them.
#pragma once

#include <cstdint>

#include "compiler/ir/graph.h"
#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/pool2d_s8.h"

namespace tinyformer {

/// The engine's integers have 32 bits.
/// Errors (bug)  the value has more
int32_t Narrow(int64_t value);

/// Needs  a conv2d or depthwise_conv2d of one image
engine::Conv2dShape ConvShape(const Graph& graph, const Node& node);

/// Needs  a pooling node of one image
engine::Pool2dShape PoolShape(const Graph& graph, const Node& node);

}  // namespace tinyformer
