#include "cli/candidate_prices.h"

#include <memory>

#include "base/interrupt.h"
#include "cli/limit_option.h"
#include "cli/target_limits.h"
#include "compiler/cost/cycle_table.h"
#include "search/costs.h"

namespace tinyformer {

PriceFunction CandidatePrices(const Board& board, const SearchLimits& limits) {
  PlanOptions options;
  options.target = LimitsOf(board, limits);
  const auto pricer = std::make_shared<GenomePricer>(options);
  return [pricer](const Genome& genome) {
    ThrowIfInterrupted();
    return pricer->Price(genome);
  };
}

SearchLimits CandidateLimits(const Board& board, const std::string& option) {
  const TargetLimits target = LimitsOf(board);
  return ParseLimits(option, {target.flash_bytes, target.ram_bytes, 0},
                     CycleTableKnows(board.cpu) ? board.clock_hz : 0);
}

}  // namespace tinyformer
