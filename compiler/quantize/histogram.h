// How often an activation takes which value, and the ranges that follow from it.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// A range of real numbers that int8 will cover; it always holds 0.
struct Range {
  float low = 0;
  float high = 0;
};

/// scale = (high - low) / 255 and the zero point at which 0 is exact.
///
/// Units  a range of width 0 gets scale 1/255
Quantization QuantizationOf(const Range& range);

/// Equal bins over [low, high]; values outside go to the end bins.
class Histogram {
 public:
  static constexpr int kBins = 4096;

  Histogram() = default;
  Histogram(float low, float high);

  void Add(const std::vector<float>& values);
  int64_t count() const { return count_; }

  /// Everything that was seen.
  Range MinMax() const;
  /// Leaves (1 - share) of the values outside, half at each end.
  /// Needs  share in (0, 1]
  Range Percentile(double share) const;
  /// The range whose int8 grid has the smallest mean squared error, each end shrunk in steps.
  Range LeastSquaredError() const;
  /// Mean squared error of the values on the grid of a range.
  double SquaredError(const Range& range) const;

 private:
  double Center(int bin) const;

  float low_ = 0, high_ = 0;
  double width_ = 1;
  std::vector<int64_t> bins_;
  int64_t count_ = 0;
};

}  // namespace tinyformer
