// Evolutionary sampling of points: the next generation as a function of what earlier ones gave.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "search/pareto.h"
#include "search/point.h"

namespace tinyformer {

/// A point that was tried. Empty objectives: it failed, or was stopped early; it is not tried
/// again and has no children.
struct TriedPoint {
  Point point;
  Objectives objectives;
};

/// parents    best points that have children
/// crossover  share of children of two parents; the rest are mutations of one
/// random     share of points that have no parents
/// mutation   probability that an index changes; one always does
struct EvolutionOptions {
  size_t parents = 8;
  double crossover = 0.5;
  double random = 0.1;
  double mutation = 0.1;
};

/// Up to `count` points that are new, all different, and accepted. The first generation (nothing
/// tried that has objectives) is random.
///
/// Fewer points come back when 2,000 draws a point did not give more: the space is
/// nearly used up, or nearly nothing of it is accepted. The result is a function of the arguments
/// alone; `rng` is this generation's own stream.
///
/// Source  TinyFormer Alg. 2 and 3 (EvolutionarySample); SPOS (Guo et al. 2020), section 3.4
std::vector<Point> NextGeneration(const std::vector<Axis>& axes,
                                  const std::vector<TriedPoint>& tried, size_t count,
                                  const std::function<bool(const Point&)>& accepted,
                                  const EvolutionOptions& options, Rng& rng);

}  // namespace tinyformer
