// A board's limits as the compiler and the search take them.
#pragma once

#include "compiler/cost/plan_network.h"
#include "sim/board.h"

namespace tinyformer {

/// All flash, all RAM, and the regions of RAM that are left for the arena.
TargetLimits LimitsOf(const Board& board);

}  // namespace tinyformer
