// Random layers of every kernel, from which the cost model is fitted and on which it is checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/kernel.h"

namespace tinyformer::bench {

/// One layer as a network of its own.
struct RandomLayer {
  std::string line;  ///< of the cycle table (CycleLine)
  Graph graph;       ///< quantized, one node
  Kernel kernel;
};

/// `each` layers for every line of the cycle table, the same ones for the same seed.
///
/// Shapes    tokens 1 to 256 (a third of the linear layers have one), channels 1 to 768, images 1x1
///           to 24x24, windows 1, 3 and 5, strides 1 and 2, 1 to 8 heads; sizes are drawn evenly on
///           a log scale
/// Limits    a quarter clamp their output
/// Weights   zero blocks 30 to 95 %; at most 340 KB and 24 million MACs a layer
std::vector<RandomLayer> RandomLayers(int each, uint64_t seed);

/// The lines that RandomLayers covers: every kernel of the engine, those with weights also
/// portable.
std::vector<std::string> CycleLines();

}  // namespace tinyformer::bench
