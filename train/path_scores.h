// How good paths of a trained supernet are once they are pruned.
#pragma once

#include <vector>

#include "train/step_loop.h"
#include "train/supernet.h"

namespace tinyformer {

/// A path with its pruning, and what it scored.
struct PathScore {
  Genome genome;
  double accuracy = 0;  // [0, 1], float32 arithmetic, of the validation images
  double loss = 0;      // mean cross-entropy
  double sparsity = 0;  // pruned weights over all weights of the layers that are pruned
};
Json ToJson(const PathScore& score);

/// Replaces all running batch norm statistics by the mean over `batches` batches of `batch` images
/// as they are, spread evenly over the set.
/// Errors  Interrupted
void RecalibrateOnPlainImages(const Network& network, const ImageStore& images, int64_t batch,
                              int64_t batches, const std::string& device);

/// Scores every path by itself: takes it out of the supernet, prunes it in one shot as its genome
/// says (PruneOnce), sets its batch norm statistics anew on training images, and evaluates it.
///
/// paths   paths of the supernet
/// Uses    of the job: train, validation, folder, and the recipe's batch, recalibration_batches and
///         device
/// Writes  scores.json after every path; a path that is in it already, from the same weights and
///         images, is not scored again
/// Errors  Interrupted
/// Source  paper Alg. 2, lines "prune" to "score"; SPEC section 3
std::vector<PathScore> ScorePaths(const LoopJob& job, const Supernet& supernet,
                                  const std::vector<Genome>& paths);

/// A JSON list of genomes, each a path of the supernet. name is what the user calls the file.
/// Errors  train/paths (no list, or an empty one), those of ParseGenome and RequirePath
std::vector<Genome> ParsePaths(const Json& json, const std::string& name,
                               const SupernetChoices& choices);

}  // namespace tinyformer
