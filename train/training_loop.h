// Training and compression of one network: one loop, two schedules.
#pragma once

#include <optional>
#include <string>

#include "train/step_loop.h"

namespace tinyformer {

/// What one run needs.
struct TrainingJob : LoopJob {
  Genome genome;
  std::optional<FinishedRun> source;   // where the weights come from; none: fresh ones
  std::optional<FinishedRun> teacher;  // distillation
};

struct TrainingResult {
  // Of the weights in model.safetensors, float32 arithmetic; with qat_epochs rounded as int8.
  double validation_accuracy = 0;
  double validation_loss = 0;
  std::string weights;  // "ema" or "raw"
  int64_t epochs = 0, steps = 0;
  double sparsity = 0;  // share of pruned weights over all weights of prunable layers
};

/// Runs or resumes the job and writes the folder's files.
///
/// Bits    a function of genome, recipe, data, thread count, libtorch and instruction set: going on
///         after a kill at any moment ends in the same model.safetensors as never having stopped
/// Writes  the files of StepLoop (the checkpoint also holds averaged weights and masks), at the end
///         model.safetensors (float32; metadata: genome, accuracies, seed)
/// Errors  those of StepLoop
TrainingResult RunTraining(const TrainingJob& job);

}  // namespace tinyformer
