// Non-negative least squares on relative errors: what each kind of work costs.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/cost/work.h"

namespace tinyformer::bench {

/// A layer that was measured.
struct Sample {
  WorkCounts counts;
  double cycles = 0;
};

/// Errors are relative to the layer's cycles, but at least to these: what takes less decides
/// nothing.
constexpr double kLeastCycles = 2000;

/// The coefficients c >= 0 that make the sum of RelativeError^2 smallest, by coordinate descent.
/// Kinds that no sample has get 0.
WorkCounts FitNonNegative(const std::vector<Sample>& samples);

/// |c . counts - cycles| / max(cycles, kLeastCycles).
double RelativeError(const WorkCounts& coefficients, const Sample& sample);

/// Median and largest of the samples' errors; 0 for none.
struct ErrorSummary {
  double median = 0;
  double worst = 0;
  size_t worst_sample = 0;
};
ErrorSummary Summarize(const WorkCounts& coefficients, const std::vector<Sample>& samples);

}  // namespace tinyformer::bench
