// The integer meaning of a quantized graph: the engine's kernels on the host, dense.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Which of the engine's implementations computes; all give the same bytes.
enum class EngineKernels { kFast, kReference };

/// Runs a quantized graph. The graph must outlive it; Run may be called any number of times, by one
/// thread at a time.
class QuantizedEvaluator {
 public:
  /// Called with every activation's id and elements as it is made, the input first; may change
  /// them.
  using Observer = std::function<void(ValueId, std::vector<int8_t>&)>;

  explicit QuantizedEvaluator(const Graph& graph, EngineKernels kernels = EngineKernels::kFast);

  /// Shapes  input as the graph's input, channels last; result as its output
  std::vector<int8_t> Run(const std::vector<int8_t>& input, const Observer& observer = nullptr);

 private:
  struct Activations {
    std::vector<std::vector<int8_t>> by_value;
    std::vector<int32_t> scratch;  // words, so that it is aligned
  };
  using Step = std::function<void(Activations&)>;

  class StepMaker;

  const Graph& graph_;
  std::vector<Step> steps_;
  Activations activations_;
};

/// One image through a fresh QuantizedEvaluator.
std::vector<int8_t> EvaluateQuantized(const Graph& graph, const std::vector<int8_t>& input);

/// Real numbers to the graph input's int8: round half to even, as QuantizeLinear. Layout as the
/// graph's input.
std::vector<int8_t> QuantizeInput(const Graph& graph, const std::vector<float>& input);

/// The graph output's int8 to real numbers.
std::vector<float> DequantizeOutput(const Graph& graph, const std::vector<int8_t>& output);

}  // namespace tinyformer
