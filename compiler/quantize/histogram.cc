// Histogram.
#include "compiler/quantize/histogram.h"

#include <algorithm>
#include <cmath>

namespace tinyformer {
namespace {

constexpr double kLeastWidth = 1e-33;  // its inverse is a float; smaller ranges count as empty

}  // namespace

Quantization QuantizationOf(const Range& range) {
  const double low = std::min(0.0, static_cast<double>(range.low)),
               high = std::max(0.0, static_cast<double>(range.high));
  double scale = (high - low) / 255.0;
  if (!(scale > 1e-30)) scale = 1.0 / 255.0;
  const double zero = std::nearbyint(-128.0 - low / scale);
  return Quantization::PerTensor(static_cast<float>(scale),
                                 static_cast<int32_t>(std::clamp(zero, -128.0, 127.0)));
}

Histogram::Histogram(float low, float high) : low_(low), high_(high), bins_(kBins, 0) {
  width_ = (static_cast<double>(high) - static_cast<double>(low)) / kBins;
  if (!(width_ > kLeastWidth)) width_ = 1;
}

void Histogram::Add(const std::vector<float>& values) {
  const float inverse = static_cast<float>(1.0 / width_);
  for (float v : values) {
    const int bin =
        static_cast<int>(std::clamp((v - low_) * inverse, 0.0f, static_cast<float>(kBins - 1)));
    ++bins_[static_cast<size_t>(bin)];
  }
  count_ += static_cast<int64_t>(values.size());
}

double Histogram::Center(int bin) const { return static_cast<double>(low_) + (bin + 0.5) * width_; }

Range Histogram::MinMax() const { return {low_, high_}; }

Range Histogram::Percentile(double share) const {
  const auto outside =
      static_cast<int64_t>(std::floor((1.0 - share) / 2 * static_cast<double>(count_)));
  int first = 0, last = kBins - 1;
  for (int64_t below = 0; first < last; ++first) {
    below += bins_[static_cast<size_t>(first)];
    if (below > outside) break;
  }
  for (int64_t above = 0; last > first; --last) {
    above += bins_[static_cast<size_t>(last)];
    if (above > outside) break;
  }
  Range range;
  range.low = first == 0 ? low_ : static_cast<float>(static_cast<double>(low_) + first * width_);
  range.high = last == kBins - 1
                   ? high_
                   : static_cast<float>(static_cast<double>(low_) + (last + 1) * width_);
  return range;
}

double Histogram::SquaredError(const Range& range) const {
  const Quantization q = QuantizationOf(range);
  const double scale = static_cast<double>(q.scales[0]);
  // Inside one step the values are spread evenly when bins are finer than steps; a coarser bin is
  // spread itself.
  double error = 0;
  for (int b = 0; b < kBins; ++b) {
    if (bins_[static_cast<size_t>(b)] == 0) continue;
    const double x = Center(b);
    const double grid =
        std::clamp(std::nearbyint(x / scale) + q.zero_point, -128.0, 127.0) - q.zero_point;
    const double e = x - grid * scale;
    error += static_cast<double>(bins_[static_cast<size_t>(b)]) * e * e;
  }
  return count_ > 0 ? error / static_cast<double>(count_) : 0;
}

Range Histogram::LeastSquaredError() const {
  constexpr int kSteps = 40;
  Range best = MinMax();
  double least = SquaredError(best);
  auto attempt = [&](double low_share, double high_share) {
    Range range = {static_cast<float>(static_cast<double>(low_) * low_share),
                   static_cast<float>(static_cast<double>(high_) * high_share)};
    const double error = SquaredError(range);
    if (error >= least) return;
    least = error;
    best = range;
  };
  // Both ends together, then each by itself from the best so far.
  for (int i = 1; i < kSteps; ++i) attempt(1.0 - i * 0.02, 1.0 - i * 0.02);
  const double low_share = low_ < 0 ? static_cast<double>(best.low) / static_cast<double>(low_) : 1;
  const double high_share =
      high_ > 0 ? static_cast<double>(best.high) / static_cast<double>(high_) : 1;
  for (int i = 0; i < kSteps && low_ < 0; ++i) attempt(1.0 - i * 0.02, high_share);
  const double new_low =
      low_ < 0 ? static_cast<double>(best.low) / static_cast<double>(low_) : low_share;
  for (int i = 0; i < kSteps && high_ > 0; ++i) attempt(new_low, 1.0 - i * 0.02);
  return best;
}

}  // namespace tinyformer
