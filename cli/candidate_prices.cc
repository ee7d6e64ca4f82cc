#include "cli/candidate_prices.h"

#include <memory>

#include "base/interrupt.h"
#include "cli/target_limits.h"
#include "compiler/cost/cycle_table.h"
#include "search/costs.h"

namespace tinyformer {

PriceFunction CandidatePrices(const Board& board) {
  PlanOptions options;
  options.target = LimitsOf(board);
  const auto pricer = std::make_shared<GenomePricer>(options);
  return [pricer](const Genome& genome) {
    ThrowIfInterrupted();
    return pricer->Price(genome);
  };
}

SearchLimits CandidateLimits(const Board& board, const std::string& option) {
  return ParseLimits(
      option, {static_cast<int64_t>(board.FlashBytes()), static_cast<int64_t>(board.RamBytes()), 0},
      CycleTableKnows(board.cpu) ? board.clock_hz : 0);
}

}  // namespace tinyformer
