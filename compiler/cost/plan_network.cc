#include "compiler/cost/plan_network.h"

#include <algorithm>

#include "compiler/cost/choose_strips.h"

namespace tinyformer {
namespace {

// Bytes by which the arena runs over the last block of RAM; with one block, RAM's sum says it.
int64_t BlockExcess(const Plan& plan) {
  if (plan.space.blocks.size() < 2) return 0;
  return std::max<int64_t>(
      0, plan.block_bytes.back() - plan.space.Capacity(plan.space.blocks.size() - 1));
}

}  // namespace

PlannedNetwork PlanNetwork(const Graph& graph, const PlanOptions& options) {
  return PlanNetwork(graph, ListKernels(graph, options.codec), options, Placement::kFastMemory);
}

PlannedNetwork PlanNetwork(const Graph& graph, const KernelLists& lists, const PlanOptions& options,
                           Placement placement) {
  const TargetLimits& target = options.target;
  const std::vector<Kernel> kernels =
      options.kernels.empty()
          ? ChooseKernels(graph, lists, options.codec, options.optimize, target.flash_bytes)
          : options.kernels;
  const int64_t arena_limit =
      options.optimize == Optimize::kRam ? 0 : target.ram_bytes - target.stack_bytes;
  PlannedNetwork planned;
  // Strips are chosen for one block of RAM; where there is a gap, the same may take more.
  constexpr int kTries = 3;
  int64_t limit = arena_limit;
  for (int tried = 0; tried == 0 || (tried < kTries && limit > 0); ++tried) {
    Plan plan =
        MakePlan(graph, kernels, ChooseStrips(graph, kernels, limit), target.arena, placement);
    const bool better = tried == 0 || plan.arena_bytes < planned.plan.arena_bytes;
    if (better) planned.plan = std::move(plan);
    const int64_t excess = planned.plan.arena_bytes - arena_limit;
    if (excess <= 0 || target.arena.blocks.size() < 2) break;
    limit -= excess;
  }
  planned.use = EstimateUse(graph, planned.plan, target.stack_bytes);
  return planned;
}

Excess ExcessOf(const TargetLimits& target, const PlannedNetwork& planned,
                int64_t flash_slack_bytes) {
  const int64_t flash = planned.use.flash_bytes - target.flash_bytes;
  return {flash > flash_slack_bytes ? flash : 0,
          std::max<int64_t>(0, planned.use.sram_peak_bytes - target.ram_bytes),
          BlockExcess(planned.plan)};
}

}  // namespace tinyformer
