#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Makes a channels-last input image a channels-first one, as ONNX's convolutions have it: what
/// TensorFlow's converter writes begins with the transpose. The firmware's bytes stay as they are:
/// its input is channels last in any case (ToChannelsLast).
///
/// Example  input %0 [1,H,W,C], %1 = Mul(%0, $f[C]), %2 = Transpose(%1) to [1,C,H,W]
///          ->   input %0 [1,C,H,W], %1 = Mul(%0, $f[C,1,1]), %2 = Identity(%1)
///          input %0 [1,H,W,1], %1 = Reshape(%0)   ->   input %0 [1,1,H,W]
/// Needs    a graph at ONNX level
/// Leaves   inputs that anything but constants of each channel and such transposes reads
Graph ChannelsFirstInput(Graph g);

}  // namespace tinyformer
