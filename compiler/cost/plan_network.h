// A network's plan for a board: kernels, strips and memory as asked for, what it takes, and by how
// much that is too many.
//
// Start here:  PlanNetwork. `compile` prints what it gives, and search prices candidates with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/cost/choose_kernels.h"
#include "compiler/cost/cost.h"

namespace tinyformer {

/// What a board offers; from boards/<name>/board.json.
struct TargetLimits {
  std::string name;
  int64_t flash_bytes = 0;
  int64_t ram_bytes = 0;
  int64_t stack_bytes = 0;      // reserved by the board's linker script
  std::string board_directory;  // its files go into the folder; empty: none
  ArenaSpace arena = {};        // where the arena may lie; empty: anywhere
};

struct PlanOptions {
  TargetLimits target;
  CodecRequest codec = CodecRequest::kAuto;
  Optimize optimize = Optimize::kBalanced;
  /// One for every node, in place of a choice by codec and optimize: for benchmarks.
  std::vector<Kernel> kernels = {};
};

/// A network's plan with kernels and strips as the options ask for, and what it takes, estimated.
struct PlannedNetwork {
  Plan plan;
  ResourceUse use;
};

/// Plans a quantized graph.
/// Errors  those of ChooseKernels and MakePlan
PlannedNetwork PlanNetwork(const Graph& graph, const PlanOptions& options);

/// The same with what ListKernels(graph, options.codec) gives, or would give if the graph's weights
/// had elements.
PlannedNetwork PlanNetwork(const Graph& graph, const KernelLists& lists, const PlanOptions& options,
                           Placement placement);

/// Bytes too many.
struct Excess {
  int64_t flash = 0;
  int64_t ram = 0;    // of the sum over all RAM
  int64_t block = 0;  // of the last of several blocks of RAM: no tensor can lie across a gap

  int64_t AnyRam() const { return ram > block ? ram : block; }
  bool None() const { return flash == 0 && AnyRam() == 0; }
};

/// flash_slack_bytes  how far above the limit the estimate of flash may be
Excess ExcessOf(const TargetLimits& target, const PlannedNetwork& planned,
                int64_t flash_slack_bytes);

}  // namespace tinyformer
