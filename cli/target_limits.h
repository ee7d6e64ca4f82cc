// A board's limits as the compiler and the search take them.
#pragma once

#include "compiler/cost/plan_network.h"
#include "search/limits.h"
#include "sim/board.h"

namespace tinyformer {

/// All flash, all RAM, and the regions of RAM that are left for the arena.
TargetLimits LimitsOf(const Board& board);

/// The same with these bytes of flash and RAM instead of all.
TargetLimits LimitsOf(const Board& board, const SearchLimits& limits);

}  // namespace tinyformer
