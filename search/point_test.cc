#include "search/point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tinyformer {
namespace {

using ::testing::ElementsAre;

// kind a, b, c; with kind a no sparsity; without sparsity no block.
std::vector<Axis> ChainedAxes() {
  return {{"kind", {"a", "b", "c"}},
          {"sparsity", {0, 0.5}, std::vector<int>{0}},
          {"block", {2, 4}, std::vector<int>{0}},
          {"last", {16, 32}}};
}

std::vector<Axis> RandomAxes(Rng& rng) {
  std::vector<Axis> axes;
  for (uint64_t i = 0, count = 1 + rng.Below(6); i < count; ++i) {
    Axis axis{"axis" + std::to_string(i), {}};
    for (uint64_t v = 0, values = 1 + rng.Below(4); v < values; ++v) axis.values.push_back(v);
    if (i > 0 && rng.Chance(0.5)) {
      axis.idle_at.emplace();
      for (size_t v = 0; v < axes.back().values.size(); ++v)
        if (rng.Chance(0.4)) axis.idle_at->push_back(static_cast<int>(v));
    }
    axes.push_back(axis);
  }
  return axes;
}

std::set<Point> AllPoints(const std::vector<Axis>& axes) {
  std::set<Point> points;
  Point point(axes.size(), 0);
  for (size_t i = 0; i < axes.size();) {
    points.insert(Canonical(axes, point));
    for (i = 0; i < axes.size(); ++i) {
      if (++point[i] < static_cast<int>(axes[i].values.size())) break;
      point[i] = 0;
    }
  }
  return points;
}

TEST(IdleAxes, DependOnTheAxisBeforeThem) {
  const std::vector<Axis> axes = ChainedAxes();
  EXPECT_THAT(IdleAxes(axes, {0, 1, 1, 1}), ElementsAre(false, true, true, false));
  EXPECT_THAT(IdleAxes(axes, {1, 0, 1, 1}), ElementsAre(false, false, true, false));
  EXPECT_THAT(IdleAxes(axes, {2, 1, 1, 1}), ElementsAre(false, false, false, false));
  EXPECT_THAT(Canonical(axes, {0, 1, 1, 1}), ElementsAre(0, 0, 0, 1));
}

TEST(IsPointOf, RefusesIndicesOutOfRangeAndIdleOnes) {
  const std::vector<Axis> axes = ChainedAxes();
  EXPECT_TRUE(IsPointOf(axes, {1, 1, 1, 1}));
  EXPECT_FALSE(IsPointOf(axes, {1, 1, 1}));
  EXPECT_FALSE(IsPointOf(axes, {3, 1, 1, 1}));
  EXPECT_FALSE(IsPointOf(axes, {1, -1, 1, 1}));
  EXPECT_FALSE(IsPointOf(axes, {0, 1, 0, 1}));
}

TEST(CountPoints, CountsIdleAxesOnce) {
  EXPECT_EQ(CountPoints(ChainedAxes()), (1 + 2 * (1 + 2)) * 2);
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, "axes");
    const std::vector<Axis> axes = RandomAxes(rng);
    EXPECT_EQ(CountPoints(axes), static_cast<double>(AllPoints(axes).size())) << "seed " << seed;
  }
}

TEST(RandomPoint, ReachesEveryPoint) {
  const std::vector<Axis> axes = ChainedAxes();
  Rng rng(1, "points");
  std::set<Point> seen;
  for (int i = 0; i < 500; ++i) seen.insert(RandomPoint(axes, rng));
  EXPECT_EQ(seen, AllPoints(axes));
}

TEST(Mutate, ChangesSomethingAndReachesEveryPoint) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed, "axes");
    const std::vector<Axis> axes = RandomAxes(rng);
    const std::set<Point> all = AllPoints(axes);
    Point point = RandomPoint(axes, rng);
    std::set<Point> seen{point};
    for (int i = 0; i < 60 * static_cast<int>(all.size()); ++i) {
      const Point next = Mutate(axes, point, i % 2 == 0 ? 0 : 0.3, rng);
      ASSERT_TRUE(IsPointOf(axes, next)) << "seed " << seed;
      ASSERT_TRUE(next != point || all.size() == 1) << "seed " << seed;
      seen.insert(point = next);
    }
    EXPECT_EQ(seen, all) << "seed " << seed;
  }
}

TEST(Mutate, OfRateOneChangesEveryAxisThatHasASecondValue) {
  const std::vector<Axis> axes = {{"a", {1, 2, 3}}, {"b", {1}}, {"c", {1, 2}}};
  Rng rng(3, "mutate");
  for (int i = 0; i < 50; ++i) {
    const Point changed = Mutate(axes, {1, 0, 1}, 1, rng);
    EXPECT_NE(changed[0], 1);
    EXPECT_EQ(changed[1], 0);
    EXPECT_EQ(changed[2], 0);
  }
}

TEST(Crossover, TakesEveryIndexFromAParent) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed, "crossover");
    const std::vector<Axis> axes = RandomAxes(rng);
    const Point a = RandomPoint(axes, rng), b = RandomPoint(axes, rng);
    const Point child = Crossover(axes, a, b, rng);
    ASSERT_TRUE(IsPointOf(axes, child)) << "seed " << seed;
    for (size_t i = 0; i < axes.size(); ++i)
      EXPECT_TRUE(child[i] == a[i] || child[i] == b[i]) << "seed " << seed << " axis " << i;
  }
}

}  // namespace
}  // namespace tinyformer
