#include "cli/candidate_prices.h"

#include <memory>

#include "cli/target_limits.h"
#include "search/costs.h"

namespace tinyformer {

PriceFunction CandidatePrices(const Board& board) {
  PlanOptions options;
  options.target = LimitsOf(board);
  const auto pricer = std::make_shared<GenomePricer>(options);
  return [pricer](const Genome& genome) { return pricer->Price(genome); };
}

}  // namespace tinyformer
