// For tests: candidates priced by the paper's own arithmetic, and the limits of its ablation.
#pragma once

#include "search/analysis.h"

namespace tinyformer {

inline constexpr SearchLimits kPaperLimits = {980000, 307200, 0};

inline ResourceUse UseByPaper(const Genome& genome) {
  const PaperCosts costs = ComputePaperCosts(genome);
  return {costs.stored_bytes, costs.peak_bytes, costs.macs, costs.effective_macs,
          costs.effective_macs};
}

inline std::vector<PricedCandidate> PaperSamples(const SearchSpace& space, int64_t count = 1000) {
  return SampleSpace(space, {}, UseByPaper, count, 1);
}

}  // namespace tinyformer
