#include "bench/cost_model/fit.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace tinyformer::bench {
namespace {

constexpr int kSweeps = 20000;

double Dot(const WorkCounts& a, const WorkCounts& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

WorkCounts FitNonNegative(const std::vector<Sample>& samples) {
  // Normal equations of the rows divided by the cycles.
  std::array<WorkCounts, kWorkKinds> normal{};
  WorkCounts target{};
  for (const Sample& sample : samples) {
    TF_CHECK(sample.cycles > 0);
    const double scale = std::max(sample.cycles, kLeastCycles);
    for (size_t i = 0; i < kWorkKinds; ++i) {
      const double x = sample.counts[i] / scale;
      target[i] += x * sample.cycles / scale;
      for (size_t j = 0; j < kWorkKinds; ++j) normal[i][j] += x * sample.counts[j] / scale;
    }
  }
  WorkCounts fitted{};
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (size_t i = 0; i < kWorkKinds; ++i) {
      if (normal[i][i] == 0) continue;
      const double rest = target[i] - Dot(normal[i], fitted) + normal[i][i] * fitted[i];
      fitted[i] = std::max(0.0, rest / normal[i][i]);
    }
  }
  return fitted;
}

double RelativeError(const WorkCounts& coefficients, const Sample& sample) {
  return std::abs(Dot(coefficients, sample.counts) - sample.cycles) /
         std::max(sample.cycles, kLeastCycles);
}

ErrorSummary Summarize(const WorkCounts& coefficients, const std::vector<Sample>& samples) {
  ErrorSummary summary;
  if (samples.empty()) return summary;
  std::vector<double> errors;
  for (const Sample& sample : samples) errors.push_back(RelativeError(coefficients, sample));
  const auto worst = std::max_element(errors.begin(), errors.end());
  summary.worst = *worst;
  summary.worst_sample = static_cast<size_t>(worst - errors.begin());
  std::nth_element(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2),
                   errors.end());
  summary.median = errors[errors.size() / 2];
  return summary;
}

}  // namespace tinyformer::bench
