#include "search/rank_correlation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace tinyformer {
namespace {

using Values = std::vector<double>;

TEST(KendallTau, CountsPairsInOrder) {
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3}, {10, 20, 30}), 1);
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3}, {3, 2, 1}), -1);
  EXPECT_DOUBLE_EQ(KendallTau({1, 2, 3, 4}, {1, 3, 2, 4}), 4.0 / 6);
  EXPECT_DOUBLE_EQ(KendallTau({1, 1, 2}, {1, 2, 3}), 2 / std::sqrt(2.0 * 3));
  EXPECT_DOUBLE_EQ(KendallTau({1, 1}, {1, 2}), 0);
}

TEST(SpearmanRho, CorrelatesRanks) {
  EXPECT_DOUBLE_EQ(SpearmanRho({1, 2, 3}, {10, 200, 3000}), 1);
  EXPECT_DOUBLE_EQ(SpearmanRho({1, 2, 3}, {3, 2, 1}), -1);
  // Without ties: 1 - 6 sum(d^2) / (n (n^2 - 1)) with d = 0, 1, 1, 0.
  EXPECT_DOUBLE_EQ(SpearmanRho({1, 2, 3, 4}, {1, 3, 2, 4}), 1 - 6.0 * 2 / (4 * 15));
  // Ranks 1.5, 1.5, 3 against 1, 2, 3.
  EXPECT_DOUBLE_EQ(SpearmanRho({1, 1, 2}, {1, 2, 3}), 1.5 / std::sqrt(1.5 * 2));
}

TEST(SpearmanRho, IsZeroWhereThereIsNoOrder) {
  for (const Values& same : {Values{}, {1}, {1, 1}}) {
    EXPECT_EQ(SpearmanRho(same, same), 0) << same.size();
    EXPECT_EQ(KendallTau(same, same), 0) << same.size();
  }
  EXPECT_EQ(SpearmanRho({1, 1}, {1, 2}), 0);
}

TEST(RankCorrelations, AreSymmetricBoundedAndBlindToScale) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, "ranks");
    Values a, b, scaled;
    for (uint64_t i = 0; i < 2 + rng.Below(12); ++i) {  // few values: many ties
      a.push_back(static_cast<double>(rng.Below(6)));
      b.push_back(static_cast<double>(rng.Below(6)));
      scaled.push_back(std::exp(3 * a.back()) - 7);
    }
    for (const auto correlation : {KendallTau, SpearmanRho}) {
      const double found = correlation(a, b);
      EXPECT_LE(std::abs(found), 1 + 1e-12) << "seed " << seed;
      EXPECT_DOUBLE_EQ(found, correlation(b, a)) << "seed " << seed;
      EXPECT_DOUBLE_EQ(found, correlation(scaled, b)) << "seed " << seed;
      if (correlation(a, a) != 0) {
        EXPECT_NEAR(correlation(a, a), 1, 1e-12) << "seed " << seed;
      }
    }
  }
}

TEST(MeanRanks, ShareTheirMeanWhereValuesAreEqual) {
  EXPECT_EQ(MeanRanks({5, 1, 5, 5, 0}), (Values{4, 2, 4, 4, 1}));
}

}  // namespace
}  // namespace tinyformer
