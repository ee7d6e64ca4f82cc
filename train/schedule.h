// What changes from step to step: the learning rate and the sparsity.
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace tinyformer {

/// Learning rate of step (0-based).
///
/// train     linear from min(1e-6, lr) to lr over warmup_epochs, then half a cosine
/// compress  lr while sparsity grows, then half a cosine
/// The cosine ends on min_lr at the last step.
double LearningRate(const Recipe& recipe, int64_t step, int64_t steps_per_epoch);

/// Automated gradual pruning: s(u) = final * (1 - (1 - u / updates)^3); exactly final for
/// u = updates.
///
/// Source  Zhu and Gupta 2017, equation 1, from sparsity 0
double GradualSparsity(double final_sparsity, int64_t update, int64_t updates);

/// When masks change during a compress run: after every step with which UpdatesDue(done) grows,
/// updates() times in all.
class PruningRamp {
 public:
  PruningRamp(const Recipe& recipe, int64_t steps_per_epoch);
  int64_t steps() const { return steps_; }
  int64_t updates() const { return updates_; }
  /// How many updates are due once `done` steps are complete; updates() from the ramp's last step
  /// on.
  int64_t UpdatesDue(int64_t done) const;

 private:
  int64_t steps_, updates_;
};

}  // namespace tinyformer
