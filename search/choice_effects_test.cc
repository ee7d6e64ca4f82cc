#include "search/choice_effects.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace tinyformer {
namespace {

const std::vector<Axis> kAxes = {{"kind", {"a", "b"}},
                                 {"sparsity", {0, 0.5}},
                                 {"block", {2, 4}, std::vector<int>{0}},
                                 {"only", {7}}};

TEST(ChoiceEffects, AreMeansOfThoseThatChoseAValue) {
  const std::vector<ChoiceEffect> effects = ChoiceEffects(
      {{kAxes, {0, 0, 0, 0}, 0.2}, {kAxes, {0, 1, 1, 0}, 0.4}, {kAxes, {1, 1, 0, 0}, 0.9}});
  ASSERT_EQ(effects.size(), 6u);
  EXPECT_EQ(effects[0].axis, "kind");
  EXPECT_EQ(effects[0].value, "a");
  EXPECT_EQ(effects[0].count, 2);
  EXPECT_DOUBLE_EQ(effects[0].mean, 0.3);
  EXPECT_DOUBLE_EQ(effects[0].difference, 0.3 - 0.5);
  EXPECT_DOUBLE_EQ(effects[0].error, 0.1);  // deviation sqrt(0.02), over sqrt(2)
  EXPECT_DOUBLE_EQ(effects[1].difference, 0.9 - 0.5);
  EXPECT_EQ(effects[1].error, 0);
}

TEST(ChoiceEffects, IdleAxesAndAxesOfOneValueCountForNothing) {
  for (const ChoiceEffect& effect :
       ChoiceEffects({{kAxes, {0, 0, 0, 0}, 0.2}, {kAxes, {0, 1, 1, 0}, 0.4}})) {
    EXPECT_NE(effect.axis, "only");
    // Only the second point has a block, so there is nothing to differ from.
    if (effect.axis == "block") {
      EXPECT_EQ(effect.difference, 0);
    }
  }
}

TEST(ChoiceEffects, BalanceWithinAnAxis) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed, "effects");
    std::vector<JudgedPoint> points;
    for (int i = 0; i < 20; ++i) points.push_back({kAxes, RandomPoint(kAxes, rng), rng.Uniform()});
    std::map<std::string, double> balance;
    for (const ChoiceEffect& effect : ChoiceEffects(points)) {
      balance[effect.axis] += static_cast<double>(effect.count) * effect.difference;
      EXPECT_TRUE(std::isfinite(effect.error)) << "seed " << seed;
    }
    for (const auto& [axis, sum] : balance) EXPECT_NEAR(sum, 0, 1e-12) << axis << ", seed " << seed;
  }
}

TEST(ChoiceEffects, OfNothingAreNone) { EXPECT_TRUE(ChoiceEffects({}).empty()); }

}  // namespace
}  // namespace tinyformer
