#include "search/evolution.h"

#include <algorithm>
#include <set>

namespace tinyformer {
namespace {

constexpr size_t kDrawsPerPoint = 2000;

// The points that may have children, best first.
std::vector<Point> Parents(const std::vector<TriedPoint>& tried, size_t most) {
  std::vector<Objectives> objectives;
  std::vector<Point> points;
  for (const TriedPoint& one : tried) {
    if (one.objectives.empty()) continue;
    objectives.push_back(one.objectives);
    points.push_back(one.point);
  }
  std::vector<Point> parents;
  for (size_t i : BestFirst(objectives)) {
    if (parents.size() == most) break;
    parents.push_back(points[i]);
  }
  return parents;
}

Point Draw(const std::vector<Axis>& axes, const std::vector<Point>& parents,
           const EvolutionOptions& options, Rng& rng) {
  if (parents.empty() || rng.Chance(options.random)) return RandomPoint(axes, rng);
  const Point& first = parents[rng.Below(parents.size())];
  if (!rng.Chance(options.crossover)) return Mutate(axes, first, options.mutation, rng);
  return Crossover(axes, first, parents[rng.Below(parents.size())], rng);
}

}  // namespace

std::vector<Point> NextGeneration(const std::vector<Axis>& axes,
                                  const std::vector<TriedPoint>& tried, size_t count,
                                  const std::function<bool(const Point&)>& accepted,
                                  const EvolutionOptions& options, Rng& rng) {
  const std::vector<Point> parents = Parents(tried, options.parents);
  std::set<Point> seen;
  for (const TriedPoint& one : tried) seen.insert(one.point);
  std::vector<Point> generation;
  for (size_t draw = 0; draw < kDrawsPerPoint * count && generation.size() < count; ++draw) {
    Point point = Draw(axes, parents, options, rng);
    if (!seen.insert(point).second || !accepted(point)) continue;
    generation.push_back(std::move(point));
  }
  return generation;
}

}  // namespace tinyformer
