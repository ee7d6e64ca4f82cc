// Error, accuracy and cost of LayerNorm variants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/layernorm/layernorm_setup.h"
#include "compiler/ir/graph.h"
#include "sim/board.h"

namespace tinyformer::bench {

/// A variant's outputs against double precision on the same int8 inputs, over all LayerNorms of a
/// model. In steps of the output; a perfect implementation has 1/sqrt(12) = 0.289, 1/2 and 0.
struct LayernormError {
  double rms_lsb = 0;
  double largest_lsb = 0;
  double not_nearest = 0;  ///< share of the outputs that are not the nearest int8
};

struct LayernormResult {
  LayernormVariant variant = kNaiveBits;
  LayernormError error;
  int64_t correct = 0;  ///< images whose class the whole network finds with this LayerNorm
};

/// The model that was read from path must take int8 images.
/// Errors  bench/model
void RequireImageModel(const Graph& model, const std::string& path);

/// Runs an int8 model (ReadOnnx's result) once for every variant; a variant's errors are taken on
/// the activations of its own run.
///
/// Shapes  images: each as the model's int8 input, channels last; labels likewise
/// Errors  those of QuantizeGraph
std::vector<LayernormResult> CompareLayernorms(const Graph& model,
                                               const std::vector<std::vector<int8_t>>& images,
                                               const std::vector<int>& labels);

/// What a variant costs an element in the emulator.
struct LayernormCost {
  int shape = 0;  ///< index of kLayernormShapes
  LayernormVariant variant = kNaiveBits;
  double instructions = 0;
  double cycles = 0;  ///< estimate, ideal memory
};

/// The integer variants with the output stage that layernorm_rows.S takes: k changes numbers, not
/// instructions. sources is the repository, work a folder to build in.
///
/// Errors  those of BuildElf and RunElf (sim/)
std::vector<LayernormCost> LayernormCosts(const Board& board, const std::string& sources,
                                          const std::string& work);

}  // namespace tinyformer::bench
