#include "cli/candidate_prices.h"

namespace tinyformer {

PriceFunction CandidatePrices(const Board&) {
  return [](const Genome& genome) -> ResourceUse {
    const PaperCosts costs = ComputePaperCosts(genome);
    return {costs.stored_bytes, costs.peak_bytes, costs.macs, costs.effective_macs,
            costs.effective_macs};
  };
}

}  // namespace tinyformer
