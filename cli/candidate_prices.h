// What a search's candidates cost on a board.
#pragma once

#include <string>

#include "search/limits.h"
#include "sim/board.h"

namespace tinyformer {

/// Prices genomes as `compile` with this --limit would, for the board and with its own choices
/// (GenomePricer); not for several threads. A price is short, a search asks for thousands: each may
/// throw Interrupted.
PriceFunction CandidatePrices(const Board& board, const SearchLimits& limits);

/// The board's limits, or those of a --limit in their place.
/// Errors  cli/limit
SearchLimits CandidateLimits(const Board& board, const std::string& option);

}  // namespace tinyformer
