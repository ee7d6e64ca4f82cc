// act_min and act_max: the ReLU or clip that a lowered operator carries.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// The range that the node clamps its output to, in real units; infinite where there is no bound.
struct ActivationRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

inline ActivationRange ReadActivation(const Node& node) {
  ActivationRange none;
  return {node.Float("act_min", none.min), node.Float("act_max", none.max)};
}

inline void ClampToActivation(const Node& node, std::vector<float>& values) {
  ActivationRange range = ReadActivation(node);
  for (float& v : values) {
    v = std::min(std::max(v, static_cast<float>(range.min)), static_cast<float>(range.max));
  }
}

}  // namespace tinyformer
