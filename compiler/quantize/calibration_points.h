// Which values of a float graph become int8 tensors, and which of them share one scale.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// One int8 tensor-to-be: the value that is measured and the others that carry the same numbers.
///
/// Example  Conv -> Relu -> MaxPool -> Reshape: `measured` is the Relu's output; MaxPool's and
///          Reshape's are `followers`; the convolution's own output stays real (the kernel clamps
///          its accumulator)
struct CalibrationPoint {
  ValueId measured = kNoValue;
  std::vector<ValueId> followers;
  bool is_probabilities = false;  // a Softmax's result: its range is known
};

/// In execution order, the graph's input first. The probabilities of attention and of sequence
/// pooling are not listed: they are never quantized.
///
/// Needs  a graph at ONNX level without BatchNormalization
std::vector<CalibrationPoint> FindCalibrationPoints(const Graph& graph);

}  // namespace tinyformer
