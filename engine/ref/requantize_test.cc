#include "tinyformer/engine/requantize.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/parity/random.h"
#include "tinyformer/engine/requantize_s8.h"
#include "tinyformer/engine/row_scale.h"

namespace tinyformer::engine {
namespace {

__extension__ using Wide = __int128;

// floor(acc * m * 2^(s-31) + 1/2) by exact division.
Wide Exact(int32_t acc, int32_t multiplier, int32_t shift) {
  const Wide denominator = Wide{1} << (32 - shift);  // of acc * m * 2 / 2^(32-s)
  const Wide numerator = Wide{acc} * multiplier * 2 + denominator / 2;
  const Wide quotient = numerator / denominator;
  return numerator % denominator < 0 ? quotient - 1 : quotient;
}

TEST(Requantize, EqualsTheExactFormulaForEveryShift) {
  parity::Random random(1);
  const int32_t edges[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX};
  for (int32_t shift = -31; shift <= 30; ++shift) {
    for (int i = 0; i < 4000; ++i) {
      const int32_t acc = i < 6 ? edges[i] : static_cast<int32_t>(random.next()) >> (i % 31);
      const int32_t multiplier =
          i % 7 == 0 ? INT32_MAX : static_cast<int32_t>(random.next() >> 1) >> (i % 29);
      const Wide exact = Exact(acc, multiplier, shift);
      if (exact < INT32_MIN || exact > INT32_MAX) continue;
      ASSERT_EQ(requantize(acc, multiplier, shift), static_cast<int32_t>(exact))
          << acc << " * " << multiplier << " shift " << shift;
    }
  }
}

TEST(Requantize, RoundsHalvesUp) {
  const int32_t half = 1 << 30;  // with shift 0: 0.5
  EXPECT_EQ(requantize(1, half, 0), 1);
  EXPECT_EQ(requantize(-1, half, 0), 0);
  EXPECT_EQ(requantize(3, half, 0), 2);
  EXPECT_EQ(requantize(-3, half, 0), -1);
}

TEST(RequantizeS8, IsTheNearestValueOfTheNewScale) {
  std::vector<int8_t> x(256), y(256);
  for (int i = 0; i < 256; ++i) x[static_cast<size_t>(i)] = static_cast<int8_t>(i - 128);
  for (const double ratio : {0.013, 0.25, 0.499, 0.75, 1.0, 1.9, 6.5}) {
    const int32_t shift = ratio < 0.5 ? -1 : static_cast<int32_t>(std::floor(std::log2(ratio))) + 1;
    const auto multiplier = static_cast<int32_t>(std::llround(std::ldexp(ratio, 31 - shift)));
    const RequantizeS8 layer = {256, 7, multiplier, shift, -11, -100, 120};
    ref::requantize_s8(layer, x.data(), y.data());
    for (size_t i = 0; i < 256; ++i) {
      const double real = std::fmin(std::fmax((x[i] - 7) * ratio - 11, -100), 120);
      EXPECT_NEAR(y[i], real, 0.5 + 1e-6) << "ratio " << ratio << " x " << int{x[i]};
    }
  }
}

TEST(RowScale, IsTheQuotientWithinTheStatedError) {
  parity::Random random(2);
  for (int i = 0; i < 200000; ++i) {
    const auto sum =
        static_cast<uint32_t>(random.between(256, (1 << 24) - 1)) >> random.between(0, 8);
    if (sum < 256) continue;
    const int32_t multiplier = random.between(1 << 30, INT32_MAX);
    const int32_t shift = random.between(-8, 10);
    const RowScale scale = row_scale(sum, multiplier, shift);
    ASSERT_GE(scale.shift, -31);
    ASSERT_LE(scale.shift, 2);
    const double real = std::ldexp(multiplier, shift - 31) / sum;
    const double found = std::ldexp(scale.multiplier, scale.shift - 31);
    ASSERT_LT(std::fabs(found / real - 1), std::ldexp(1.0, -14)) << "sum " << sum;
  }
}

}  // namespace
}  // namespace tinyformer::engine
