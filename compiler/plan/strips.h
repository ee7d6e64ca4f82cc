// Chains of layers that can be computed by strips of rows: which there are and what memory they
// take. Private tensors of a chain are then never whole in memory.
//
// Start here:  FindStripChains, Strips. The engine's side is tinyformer/engine/strips.h.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/kernel.h"
#include "tinyformer/engine/strips.h"

namespace tinyformer {

/// Nodes first .. last of a graph, which follow one another and read nothing of each other but the
/// one before: a producer (linear, conv2d), a layer with windows of rows (depthwise_conv2d,
/// max_pool2d), and a consumer (linear) or none. An inverted residual is such a chain, so is a
/// convolution with its pooling.
struct StripChain {
  int first = 0;
  int last = 0;

  int producer() const { return first; }
  int window() const { return first + 1; }
  bool has_consumer() const { return last == first + 2; }
};

/// The chains of a quantized graph, in order; no node is in two of them.
std::vector<StripChain> FindStripChains(const Graph& graph);

/// A chain computed by strips of that many rows of its windowed layer's output.
///
/// Memory  window_bytes hold the rows that a strip sees, then output_bytes the strip's own when
///         they cannot lie in the same place; scratch_bytes are the most that any of the layers
///         asks for
struct StripSchedule {
  StripChain chain;
  int rows = 0;
  int64_t window_bytes = 0;
  int64_t output_bytes = 0;
  int64_t scratch_bytes = 0;
};

/// Needs   rows in [1, rows of the window's output]
StripSchedule MakeStripSchedule(const Graph& graph, const std::vector<Kernel>& kernels,
                                const StripChain& chain, int rows);

/// What the engine wants to know of it.
engine::StripShape StripShapeOf(const Graph& graph, const StripSchedule& schedule);

}  // namespace tinyformer
