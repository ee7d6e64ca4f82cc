// What a network may cost: limits of the target or tighter ones, and by how much a network exceeds
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "compiler/cost/cost.h"
#include "search/genome.h"

namespace tinyformer {

/// What a network costs on its board.
using PriceFunction = std::function<ResourceUse(const Genome&)>;

/// What a network may cost on its board: the most that is allowed of each.
/// Source  SPEC section 3, constraints
struct SearchLimits {
  int64_t flash_bytes = 0;  // of the whole firmware
  int64_t ram_bytes = 0;    // arena, stack and static data
  int64_t cycles = 0;       // estimated, of one inference; 0: any number
  bool operator==(const SearchLimits&) const = default;
};

/// Whether all limits are kept.
bool Fits(const ResourceUse& use, const SearchLimits& limits);

/// The largest use as a multiple of its limit: at most 1 when everything fits.
double LargestShare(const ResourceUse& use, const SearchLimits& limits);

/// {"flash_bytes", "ram_bytes", "cycles"}; cycles is null when any number is allowed.
Json ToJson(const SearchLimits& limits);

}  // namespace tinyformer
