// Training of a supernet: one path a step.
#pragma once

#include "train/step_loop.h"
#include "train/supernet.h"

namespace tinyformer {

/// What one run needs. recipe.sampling says how paths are drawn; ema and teacher are not used.
struct SupernetJob : LoopJob {
  SupernetChoices choices;
};

/// Trains or resumes the job: each step trains one path of DrawPath; what is not on it stays as it
/// is.
///
/// Bits     a function of choices, recipe, data, thread count, libtorch and instruction set,
///          however often the run was stopped or killed
/// Writes   the files of StepLoop, at the end supernet.safetensors (float32)
/// Returns  the trained supernet, on the recipe's device
/// Errors   those of StepLoop
/// Source   Guo et al. 2020, SPOS, section 3; paper Alg. 2, line "train"
Supernet TrainSupernet(const SupernetJob& job);

/// A finished supernet run's weights, on the CPU.
///
/// Errors  train/no-supernet (the folder has no supernet.safetensors), those of the readers
Supernet ReadSupernet(const std::string& folder);

/// The weights of a path as those of a run: compress, train and the exporter take them. `name` is
/// what the user calls the genome.
///
/// Errors  supernet/not-a-path and those of ReadSupernet
FinishedRun ReadPath(const std::string& folder, const Genome& path, const std::string& name);

}  // namespace tinyformer
