#include "search/choice_effects.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tinyformer {
namespace {

// An axis and the results of the points that chose each of its values.
struct Sorted {
  const Axis* axis;
  std::vector<std::vector<double>> results;
};

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double StandardError(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values), n = static_cast<double>(values.size());
  double square = 0;
  for (double value : values) square += (value - mean) * (value - mean);
  return std::sqrt(square / (n - 1) / n);
}

std::vector<Sorted> SortByChoice(const std::vector<JudgedPoint>& points) {
  std::vector<Sorted> sorted;
  for (const JudgedPoint& point : points) {
    const std::vector<bool> idle = IdleAxes(point.axes, point.point);
    for (size_t i = 0; i < point.axes.size(); ++i) {
      const Axis& axis = point.axes[i];
      if (idle[i] || axis.values.size() < 2) continue;
      auto at = std::find_if(sorted.begin(), sorted.end(),
                             [&](const Sorted& one) { return one.axis->name == axis.name; });
      if (at == sorted.end()) {
        sorted.push_back({&axis, std::vector<std::vector<double>>(axis.values.size())});
        at = sorted.end() - 1;
      }
      at->results[static_cast<size_t>(point.point[i])].push_back(point.value);
    }
  }
  return sorted;
}

}  // namespace

std::vector<ChoiceEffect> ChoiceEffects(const std::vector<JudgedPoint>& points) {
  std::vector<ChoiceEffect> effects;
  for (const Sorted& one : SortByChoice(points)) {
    std::vector<double> all;
    for (const auto& results : one.results) all.insert(all.end(), results.begin(), results.end());
    for (size_t i = 0; i < one.results.size(); ++i) {
      const std::vector<double>& results = one.results[i];
      if (results.empty()) continue;
      const double mean = Mean(results);
      effects.push_back({one.axis->name, one.axis->values[i], static_cast<int64_t>(results.size()),
                         mean, mean - Mean(all), StandardError(results)});
    }
  }
  return effects;
}

}  // namespace tinyformer
