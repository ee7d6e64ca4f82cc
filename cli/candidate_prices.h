// What a search's candidates cost on a board.
#pragma once

#include "search/limits.h"
#include "sim/board.h"

namespace tinyformer {

/// Prices genomes for the board as `compile` would with its own choices (GenomePricer); not for
/// several threads.
PriceFunction CandidatePrices(const Board& board);

}  // namespace tinyformer
