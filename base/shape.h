// A tensor's shape: dimensions, outermost first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

using Shape = std::vector<int64_t>;

/// Product of the dimensions (1 for a scalar). The caller has checked that they are positive.
int64_t ElementCount(const Shape& shape);

/// "[1, 32, 32, 3]"
std::string ToString(const Shape& shape);

}  // namespace tinyformer
