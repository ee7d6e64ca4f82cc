// The float meaning of a graph: what every pass, the calibrator and the importer's tests are
// checked against.
#pragma once

#include <functional>

#include "compiler/ops/op_def.h"

namespace tinyformer {

struct EvaluateOptions {
  /// Rounds every value that carries a quantization to the int8 grid it will have: a float
  /// emulation of the QDQ file.
  bool simulate_quantization = false;
};

/// Runs a float or annotated graph (ONNX level or lowered) in float32.
///
/// Constants are converted once in the constructor; Run may then be called any number of times. The
/// graph must outlive it.
/// Speed  reference point A (122 M MAC): the test of compiler/ops states the bound
class FloatEvaluator {
 public:
  /// Called with every activation's id and tensor as it is made, the input first; may change it.
  using Observer = std::function<void(ValueId, Tensor&)>;

  explicit FloatEvaluator(const Graph& graph, EvaluateOptions options = {});

  /// One input: the graph's output tensors.
  /// Needs  inputs in the order of graph.inputs, sizes as declared
  std::vector<Tensor> Run(const std::vector<std::vector<float>>& inputs,
                          const Observer& observer = nullptr) const;
  /// The graph has one input and one output.
  std::vector<float> Run(const std::vector<float>& input) const;

 private:
  const Graph& graph_;
  EvaluateOptions options_;
  std::vector<Tensor> constants_;  // by value id; empty for activations
  std::vector<int> last_reader_;   // by value id: index of the last node that reads it
};

/// round-half-even(x / scale) + zero_point, clamped to [-128, 127].
/// Source  ONNX QuantizeLinear
int8_t QuantizeToInt8(float x, float scale, int32_t zero_point);

}  // namespace tinyformer
