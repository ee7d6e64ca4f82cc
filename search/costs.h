// What a candidate costs on a board before it is trained: flash, RAM, MACs, estimated cycles, from
// the compiler's own coder, planner and cost model.
//
// Start here:  PriceGenome; GenomePricer for many. How near this is to the linked firmware, and how
// fast: docs/cost_model.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/cost/plan_network.h"
#include "search/genome.h"

namespace tinyformer {

/// Prices candidates for one target with `options` (those of `compile`).
///
/// Flash   the constants' bytes (weight_bytes) are exact, code is estimated
/// RAM     arena and stack, exact. Where RAM has a gap and the part behind it is too small, it is
///         at least the target's RAM and the bytes that are missing there
/// Cycles  a Cortex-M7's (CycleTableKnows), estimated
///
/// Before training nobody knows which blocks are pruned, so a genome is priced with canonical masks
/// (CanonicalMask): exactly as many zero blocks as training will make, spread evenly. Other masks
/// of the same sparsities take the same bytes but for two things. Two stored blocks more than 255
/// apart need fillers (more bytes); even spreading needs none. Where all weights of a channel's
/// depthwise kernel are pruned, the row before it that nobody reads is cleared (fewer bytes); even
/// spreading makes as few such channels as there can be.
///
/// Equal  PriceGraph of the graph that BuildGraph, Lower and QuantizeGraph make of weights with
///        those masks, when no weight that stays is rounded to zero and calibration is as
///        BuildPricedGraph says
/// Keeps  what it knows of layers, so that the next candidates are faster; not for several threads
class GenomePricer {
 public:
  explicit GenomePricer(const PlanOptions& options);
  ~GenomePricer();

  /// Needs  a genome that ParseGenome accepts
  ResourceUse Price(const Genome& genome);

 private:
  class Layers;

  PlanOptions options_;
  std::unique_ptr<Layers> layers_;
};

/// One genome.
ResourceUse PriceGenome(const Genome& genome, const PlanOptions& options);

/// The exact price of a quantized graph with its real masks: what `compile` estimates.
ResourceUse PriceGraph(const Graph& quantized, const PlanOptions& options);

}  // namespace tinyformer
