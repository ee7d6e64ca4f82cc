#pragma once

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace tinyformer {

/// The middle value; of an even number of values the mean of the two in the middle.
/// Needs  one value at least, none NaN
inline double Median(std::vector<double> values) {
  TF_CHECK(!values.empty(), "median of nothing");
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace tinyformer
