// Fixed-point multipliers and the exponential table.
#include "compiler/quantize/fixed_point.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace tinyformer {

double RoundHalfUp(double x) { return std::floor(x + 0.5); }

FixedPoint ToFixedPoint(const std::vector<double>& reals) {
  double largest = 0;
  for (double r : reals) {
    TF_CHECK(r >= 0 && r < std::ldexp(1.0, 30), "multiplier", r);
    largest = std::max(largest, r);
  }
  FixedPoint fixed;
  if (largest >= 0.5) {
    fixed.shift = 0;
    while (RoundHalfUp(std::ldexp(largest, 31 - fixed.shift)) >= std::ldexp(1.0, 31)) ++fixed.shift;
  }
  for (double r : reals) {
    double m = std::min(RoundHalfUp(std::ldexp(r, 31 - fixed.shift)), std::ldexp(1.0, 31) - 1);
    fixed.multiplier.push_back(static_cast<int32_t>(m));
  }
  return fixed;
}

FixedPoint ToFixedPointWide(double real) {
  TF_CHECK(real > 0 && real < std::ldexp(1.0, 30), "multiplier", real);
  FixedPoint fixed;
  fixed.shift = -17;
  while (RoundHalfUp(std::ldexp(real, 31 - fixed.shift)) >= std::ldexp(1.0, 31)) ++fixed.shift;
  fixed.multiplier = {static_cast<int32_t>(RoundHalfUp(std::ldexp(real, 31 - fixed.shift)))};
  return fixed;
}

std::vector<int16_t> ExponentialTable(double scale, int64_t row) {
  TF_CHECK(row >= 1 && row <= 32768, "row", row);
  const auto largest =
      static_cast<double>(std::min<int64_t>(32767, ((int64_t{1} << 31) - 1) / (255 * row)));
  std::vector<int16_t> table(256);
  for (size_t d = 0; d < 256; ++d) {
    table[d] =
        static_cast<int16_t>(RoundHalfUp(largest * std::exp(-static_cast<double>(d) * scale)));
  }
  return table;
}

}  // namespace tinyformer
