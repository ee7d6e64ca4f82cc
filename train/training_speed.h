// How fast this machine trains a network, and how much of its arithmetic that uses.
#pragma once

#include "search/genome.h"
#include "train/recipe.h"

namespace tinyformer {

struct TrainingSpeed {
  double images_per_second = 0;  // of whole steps: batch, forward, backward, optimiser, average
  /// Images that one core reads, changes as the recipe says and normalises, a second; in training
  /// this is done while the step before runs, on "cuda" by all cores.
  double images_made_per_second = 0;
  double flop_per_image = 0;  // two for each dense multiply-accumulate forward, four backward
  /// Floating-point operations a second of large matrix products in the recipe's arithmetic (bf16
  /// or float32), on its device and this process's threads: the most of several tries.
  double matrix_flops = 0;
  double flops() const { return images_per_second * flop_per_image; }
};

/// Trains the genome's network on random images in a temporary folder, for `steps` steps that only
/// warm up and as many that count.
///
/// Recipe  epochs and limit_train are not used; no teacher
/// Errors  train/nan, file/*, Interrupted
TrainingSpeed MeasureTrainingSpeed(const Genome& genome, const Recipe& recipe, int64_t steps);

}  // namespace tinyformer
