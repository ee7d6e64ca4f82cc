#include "search/evolution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace tinyformer {
namespace {

std::vector<Axis> Axes(int count, int values) {
  std::vector<Axis> axes;
  for (int i = 0; i < count; ++i) {
    axes.push_back({"axis" + std::to_string(i), {}});
    for (int v = 0; v < values; ++v) axes.back().values.push_back(v);
  }
  return axes;
}

bool Any(const Point&) { return true; }

double Sum(const Point& point) { return std::accumulate(point.begin(), point.end(), 0.0); }

// The best sum after some generations of eight.
double BestOf(const std::vector<Axis>& axes, int generations, uint64_t seed) {
  std::vector<TriedPoint> tried;
  double best = 0;
  for (int g = 0; g < generations; ++g) {
    Rng rng(seed, "generation", static_cast<uint64_t>(g));
    for (Point& point : NextGeneration(axes, tried, 8, Any, {}, rng)) {
      best = std::max(best, Sum(point));
      const double value = Sum(point);
      tried.push_back({std::move(point), {value}});
    }
  }
  return best;
}

TEST(Evolution, ClimbsWhereDrawingAtRandomDoesNot) {
  const std::vector<Axis> axes = Axes(12, 5);
  double evolved = 0, random = 0;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    evolved += BestOf(axes, 12, seed) / 5;
    Rng rng(seed, "random");
    double best = 0;
    for (int i = 0; i < 96; ++i) best = std::max(best, Sum(RandomPoint(axes, rng)));
    random += best / 5;
  }
  EXPECT_GT(evolved, random + 3);
}

TEST(Evolution, PointsAreNewDifferentAndAccepted) {
  const std::vector<Axis> axes = Axes(3, 3);
  const auto even = [](const Point& p) { return static_cast<int>(Sum(p)) % 2 == 0; };
  std::vector<TriedPoint> tried;
  std::set<Point> seen;
  for (uint64_t g = 0; g < 10; ++g) {
    Rng rng(1, "generation", g);
    for (const Point& point : NextGeneration(axes, tried, 4, even, {}, rng)) {
      EXPECT_TRUE(even(point));
      EXPECT_TRUE(seen.insert(point).second);
      tried.push_back({point, {Sum(point)}});
    }
  }
  EXPECT_EQ(seen.size(), 14U);  // all that there are: the generations end short, then empty
}

TEST(Evolution, FailedPointsAreNotTriedAgainAndHaveNoChildren) {
  const std::vector<Axis> axes = Axes(8, 4);
  const Point failed(8, 3), good(8, 0);
  const std::vector<TriedPoint> tried = {{failed, {}}, {good, {1}}};
  EvolutionOptions options;
  options.random = 0;
  options.crossover = 0;
  Rng rng(2, "generation");
  for (const Point& point : NextGeneration(axes, tried, 20, Any, options, rng)) {
    EXPECT_NE(point, failed);
    EXPECT_LE(std::count_if(point.begin(), point.end(), [](int i) { return i != 0; }), 6);
  }
}

TEST(Evolution, TheSameArgumentsGiveTheSamePoints) {
  const std::vector<Axis> axes = Axes(6, 4);
  const std::vector<TriedPoint> tried = {{Point(6, 1), {1, -2}}, {Point(6, 2), {2, -3}}};
  Rng a(3, "generation", 4), b(3, "generation", 4), c(3, "generation", 5);
  const auto first = NextGeneration(axes, tried, 10, Any, {}, a);
  EXPECT_EQ(first, NextGeneration(axes, tried, 10, Any, {}, b));
  EXPECT_NE(first, NextGeneration(axes, tried, 10, Any, {}, c));
}

}  // namespace
}  // namespace tinyformer
