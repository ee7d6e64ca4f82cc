// Training and compression: one loop, two schedules.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "train/batches.h"
#include "train/network.h"
#include "train/recipe.h"
#include "train/run_folder.h"

namespace tinyformer {

/// What one run needs. The images must outlive the run.
struct TrainingJob {
  Genome genome;
  Recipe recipe;
  const ImageStore* train = nullptr;
  const ImageStore* validation = nullptr;
  RunFolder folder{""};
  std::optional<FinishedRun> source;   // compress: where the weights come from
  std::optional<FinishedRun> teacher;  // distillation
  double checkpoint_seconds = 180;     // also at the end of every epoch
  int64_t stop_after_steps = -1;       // as if interrupted there; -1: run to the end
};

struct TrainingResult {
  double validation_accuracy = 0;  // of the weights in model.safetensors, float32 arithmetic
  double validation_loss = 0;
  std::string weights;  // "ema" or "raw"
  int64_t epochs = 0, steps = 0;
  double sparsity = 0;  // share of pruned weights over all weights of prunable layers
};

/// Runs or resumes the job and writes the folder's files.
///
/// Bits    a function of genome, recipe, data, thread count, libtorch and instruction set: going on
/// after a kill at any
///         moment ends in the same model.safetensors as never having stopped
/// Writes  checkpoint.safetensors (weights, averaged weights, both AdamW moments, masks; step and
/// metrics as metadata),
///         metrics.jsonl (one line per epoch), at the end model.safetensors (float32; metadata:
///         genome, accuracies, seed)
/// Errors  train/nan (the loss left the finite numbers; the last checkpoint stays), Interrupted
/// (saved before)
TrainingResult RunTraining(const TrainingJob& job);

}  // namespace tinyformer
