// For tests: a small search whose networks have costs without a compiler.
#pragma once

#include "search/next_trials.h"
#include "search/read_space.h"

namespace tinyformer {

/// Space "tiny", six supernets of `paths` paths, `candidates` candidates, generations of four.
inline SearchSettings SmallSearch(int64_t paths, int64_t candidates) {
  SearchSettings settings;
  settings.space = FindSpace("tiny");
  settings.target = "stm32f746";
  settings.limits = {120'000, 60'000, 0};
  settings.budget = {6, 1, paths, candidates, 1, 1, 1, 4, 0, 0, 0};
  settings.data_fingerprint = "0123456789abcdef";
  return settings;
}

/// The paper's equations as a price: other for every network.
inline ResourceUse PaperPrice(const Genome& genome) {
  const PaperCosts costs = ComputePaperCosts(genome);
  ResourceUse use;
  use.flash_bytes = costs.stored_bytes;
  use.sram_peak_bytes = costs.peak_bytes;
  use.macs = costs.macs;
  use.effective_macs = costs.effective_macs;
  use.cycles = costs.effective_macs;
  return use;
}

/// A result that the trial alone decides.
inline Json MadeUpResult(const std::string& kind, const Json& payload) {
  Rng rng(7, kind + payload.dump());
  if (kind == kAnalysis) return {{"samples", payload.at("samples")}};
  if (kind == kScreening) return {{"accuracy_dense", rng.Uniform()}};
  if (kind == kSupernet) {
    return {{"score", rng.Uniform()},
            {"accuracies", std::vector<double>(payload.at("paths").size(), rng.Uniform())}};
  }
  const Json use = kind == kFinal ? ToJson(ResourceUse{}) : payload.at("use");
  return {{"accuracy", rng.Uniform()}, {"use", use}};
}

}  // namespace tinyformer
