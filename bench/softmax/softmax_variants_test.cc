#include "bench/softmax/softmax_variants.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "base/temporary_folder.h"
#include "bench/softmax/compare_softmax.h"

namespace tinyformer::bench {
namespace {

TEST(ExponentialQ31, IsWithinItsBoundOverTheWholeRange) {
  for (int64_t x = 0; x > -(int64_t{1} << 31); x -= 104729) {
    const double real = std::exp(std::ldexp(static_cast<double>(x), -26));
    const double bound = real * std::ldexp(1.0, -21) + std::ldexp(16.0, -31);
    ASSERT_NEAR(std::ldexp(exponential_q31(static_cast<int32_t>(x)), -31), real, bound) << x;
  }
}

TEST(SoftmaxVariants, TheLazyTableGivesTheBytesOfTheFixedPointExponential) {
  for (int kind = 0; kind < kSoftmaxDataCount; ++kind) {
    std::vector<int8_t> x(3 * kSoftmaxColumns), exact(x.size()), lazy(x.size());
    FillSoftmaxData(kind, static_cast<int32_t>(x.size()), x.data());
    for (const int32_t step : {1 << 24, 1 << 22, 2751463, 1 << 20, 1}) {
      const ExponentialSoftmax layer = {3, kSoftmaxColumns, step};
      LazyTable table;
      softmax_fixed_point(layer, x.data(), exact.data());
      softmax_lazy_table(layer, x.data(), lazy.data(), table);
      EXPECT_EQ(exact, lazy) << kind << ' ' << step;
    }
  }
}

TEST(SoftmaxErrors, AreWithinWhatTheRoundingOfTheExponentialsAllows) {
  for (const SoftmaxError& error : SoftmaxErrors()) {
    // Beyond the output's own 1/2: 255 exponentials of the sum, each off by half a unit, all in the
    // same direction; then the relative error of the row's inverse and of the polynomial.
    const double unit = error.variant == kTable ? 1.0 / 32767 : std::ldexp(1.0, -19);
    const double relative = error.variant == kTable ? std::ldexp(1.0, -14) : std::ldexp(1.0, -18);
    EXPECT_LE(error.output_lsb, 0.5 + 256 * (255 * unit / 2 + relative))
        << kSoftmaxScales[error.scale] << ' ' << kSoftmaxVariants[error.variant];
    EXPECT_LE(error.exponential, unit / 2 + std::ldexp(1.0, -21))
        << kSoftmaxScales[error.scale] << ' ' << kSoftmaxVariants[error.variant];
  }
}

TEST(SoftmaxCosts, OnlyTheConstantTablesWorkDoesNotDependOnTheData) {
  const TemporaryFolder work;
  const char* root = std::getenv("TINYFORMER_SOURCE_DIR");
  const std::vector<SoftmaxCost> costs =
      SoftmaxCosts(2, FindBoard("stm32f746"), root ? root : ".", work.path());
  ASSERT_EQ(costs.size(), static_cast<size_t>(kSoftmaxScaleCount * kSoftmaxVariantCount));
  for (const SoftmaxCost& cost : costs) {
    const bool fixed = cost.variant == kTable || cost.variant == kPlainTable;
    EXPECT_EQ(cost.instructions_least == cost.instructions_most, fixed) << cost.variant;
  }
}

}  // namespace
}  // namespace tinyformer::bench
