// What a search's candidates cost on a board.
#pragma once

#include "search/limits.h"
#include "sim/board.h"

namespace tinyformer {

/// Prices genomes for the board.
PriceFunction CandidatePrices(const Board& board);

}  // namespace tinyformer
