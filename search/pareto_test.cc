#include "search/pareto.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace tinyformer {
namespace {

TEST(Pareto, OneIsBetterOnlyWhenItIsNowhereWorse) {
  EXPECT_TRUE(Dominates({2, 1}, {1, 1}));
  EXPECT_FALSE(Dominates({1, 1}, {1, 1}));
  EXPECT_FALSE(Dominates({2, 0}, {1, 1}));
}

TEST(Pareto, RanksPeelOffFronts) {
  EXPECT_EQ(ParetoRanks({{1, 3}, {2, 2}, {3, 1}, {1, 1}, {0, 0}, {2, 2}}),
            (std::vector<int>{0, 0, 0, 1, 2, 0}));
  EXPECT_EQ(ParetoRanks({}), std::vector<int>{});
}

TEST(Pareto, CrowdingKeepsTheEndsAndWhatIsAlone) {
  const std::vector<Objectives> trials = {{0, 10}, {1, 9}, {2, 8}, {9, 1}, {10, 0}};
  const auto distances = CrowdingDistances(trials, ParetoRanks(trials));
  EXPECT_TRUE(std::isinf(distances[0]));
  EXPECT_TRUE(std::isinf(distances[4]));
  EXPECT_DOUBLE_EQ(distances[1], 0.4);
  EXPECT_DOUBLE_EQ(distances[3], 1.6);
}

TEST(Pareto, OneObjectiveIsAPlainOrderWithTiesByNumber) {
  EXPECT_EQ(BestFirst({{1}, {3}, {2}, {3}, {3}}), (std::vector<size_t>{1, 3, 4, 2, 0}));
}

TEST(Pareto, RanksOfRandomTrialsAreConsistent) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    std::vector<Objectives> trials(30);
    for (Objectives& trial : trials) {
      for (int i = 0; i < 3; ++i) trial.push_back(static_cast<double>(rng.Below(6)));
    }
    const std::vector<int> ranks = ParetoRanks(trials);
    for (size_t i = 0; i < trials.size(); ++i) {
      bool explained = ranks[i] == 0;
      for (size_t j = 0; j < trials.size(); ++j) {
        if (!Dominates(trials[j], trials[i])) continue;
        EXPECT_LT(ranks[j], ranks[i]);
        explained = explained || ranks[j] == ranks[i] - 1;
      }
      EXPECT_TRUE(explained) << "seed " << seed << ", trial " << i;
    }
  }
}

}  // namespace
}  // namespace tinyformer
