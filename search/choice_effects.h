// What each choice was worth: the mean result of the points that made it. A marginal mean over what
// a search happened to try, not a controlled experiment: choices that were tried together share
// their effects.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/point.h"

namespace tinyformer {

/// A point and its result, larger is better.
struct JudgedPoint {
  std::vector<Axis> axes;
  Point point;
  double value = 0;
};

/// One value of one axis.
struct ChoiceEffect {
  std::string axis;
  Json value;
  int64_t count = 0;      // points that chose it; at least 1
  double mean = 0;        // of their results
  double difference = 0;  // from the mean of all points on whose axis it could be chosen
  double error = 0;       // standard error of the mean; 0 for a single point
};

/// Of every axis that has at least two values, in the order in which the points bring the axes,
/// the values that points chose, in the axis's order. Where an axis is idle the point has chosen
/// none of its values and counts for nothing.
std::vector<ChoiceEffect> ChoiceEffects(const std::vector<JudgedPoint>& points);

}  // namespace tinyformer
