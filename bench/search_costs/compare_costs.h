// The price of candidates beside what the whole compiler says and what the linker makes.
#pragma once

#include <string>
#include <vector>

#include "compiler/cost/plan_network.h"
#include "search/space.h"
#include "sim/board.h"
#include "sim/build.h"

namespace tinyformer::bench {

/// How many of `count` random candidates the whole path (BuildGraph, Lower, QuantizeGraph,
/// PlanNetwork on weights with canonical masks) prices otherwise than PriceGenome does.
struct Agreement {
  int64_t count = 0, different = 0;
};
Agreement ComparePrices(const SearchSpace& space, const PlanOptions& options, int64_t count);

/// A candidate's price and its firmware, linked with canonical masks.
struct LinkedCandidate {
  ResourceUse price;
  FirmwareSize linked;
  size_t strips = 0;  // chains that are computed by strips of rows

  /// Estimated bytes of flash above the linked ones; below 0: too few.
  int64_t FlashError() const;
};

/// Candidates that fit the board's flash and need at most ram_bytes: number `first` and those after
/// it, until `count` fit.
std::vector<LinkedCandidate> LinkCandidates(const SearchSpace& space, const Board& board,
                                            int64_t ram_bytes, int64_t count, uint64_t first);

/// Candidates priced, and how long that took on one core.
struct PricingRate {
  int64_t count = 0;
  double seconds = 0, slowest_seconds = 0;
};
PricingRate MeasureRate(const SearchSpace& space, const PlanOptions& options, int64_t count);

/// Builds, verifies and prices candidates; the int32 arithmetic of every layer holds for any
/// weights.
/// Errors (bug)  one that does not
void RequireValid(const SearchSpace& space, const PlanOptions& options, uint64_t first,
                  int64_t count);

}  // namespace tinyformer::bench
