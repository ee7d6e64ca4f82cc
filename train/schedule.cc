#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tinyformer {
namespace {

constexpr int64_t kMostUpdates = 60;

double HalfCosine(double from, double to, double progress) {
  return to + (from - to) * 0.5 * (1 + std::cos(std::numbers::pi * std::clamp(progress, 0.0, 1.0)));
}

}  // namespace

double LearningRate(const Recipe& r, int64_t step, int64_t steps_per_epoch) {
  const auto total = static_cast<double>(r.epochs * steps_per_epoch);
  const auto at = static_cast<double>(step);
  double constant = r.warmup_epochs * static_cast<double>(steps_per_epoch);
  if (r.stage == "compress") {
    constant = static_cast<double>(PruningRamp(r, steps_per_epoch).steps());
    if (at < constant) return r.lr;
  } else if (at < constant) {
    const double first = std::min(1e-6, r.lr);
    return first + (r.lr - first) * at / constant;
  }
  return HalfCosine(r.lr, r.min_lr, (at - constant) / std::max(1.0, total - 1 - constant));
}

double GradualSparsity(double final_sparsity, int64_t update, int64_t updates) {
  const double left = 1 - static_cast<double>(update) / static_cast<double>(updates);
  return final_sparsity * (1 - left * left * left);
}

PruningRamp::PruningRamp(const Recipe& recipe, int64_t steps_per_epoch)
    : steps_(std::max<int64_t>(
          1,
          std::llround(recipe.ramp_share * static_cast<double>(recipe.epochs * steps_per_epoch)))),
      updates_(std::min(kMostUpdates, steps_)) {}

int64_t PruningRamp::UpdatesDue(int64_t done) const {
  return std::min(done, steps_) * updates_ / steps_;
}

}  // namespace tinyformer
