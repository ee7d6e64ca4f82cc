// Points of finite spaces: one index an axis; random points, mutation, crossover. Nothing here
// knows what an axis means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/rng.h"

namespace tinyformer {

/// What one choice is called and between which values it chooses.
///
/// An axis may depend on the one before it: it is idle, means nothing and stays at index 0, where
/// that one is idle or stands at an index in idle_at. So no two points are the same network.
struct Axis {
  std::string name;          // "dot1.mb1.expansion"
  std::vector<Json> values;  // numbers, texts, true or false; at least one, all different
  std::optional<std::vector<int>> idle_at = {};  // nothing: never idle
};

/// One index for every axis.
using Point = std::vector<int>;

/// Which axes are idle at this point.
std::vector<bool> IdleAxes(const std::vector<Axis>& axes, const Point& point);

/// The point with idle axes at 0. Every point below is like that, if those that come in are.
Point Canonical(const std::vector<Axis>& axes, Point point);

/// True for one index in range for every axis, idle axes at 0.
bool IsPointOf(const std::vector<Axis>& axes, const Point& point);

/// Each axis uniformly and for itself.
Point RandomPoint(const std::vector<Axis>& axes, Rng& rng);

/// Each axis that is not idle changes with probability `rate`, in [0, 1], to another of its values;
/// if none did, one of them does. Axes that are no longer idle are drawn uniformly. The result
/// equals `point` only if no axis has a second value.
Point Mutate(const std::vector<Axis>& axes, const Point& point, double rate, Rng& rng);

/// Uniform crossover: each index is one of the parents', with equal chance.
Point Crossover(const std::vector<Axis>& axes, const Point& a, const Point& b, Rng& rng);

/// How many points there are: idle axes count once.
double CountPoints(const std::vector<Axis>& axes);

}  // namespace tinyformer
