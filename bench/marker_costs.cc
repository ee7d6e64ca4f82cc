#include "bench/marker_costs.h"

namespace tinyformer::bench {

std::map<int, RunCost> MarkerCosts(const ElfRequest& request, const Board& board,
                                   const std::string& work) {
  EmulationOptions options;
  options.mode = EmulationMode::kCycles;
  const EmulationResult result = RunElf(BuildElf(request, board).elf_path, board, work, options);
  std::map<int, RunCost> costs;
  for (const MarkerRun& marker : result.markers) costs[marker.id] = marker.cost;
  return costs;
}

}  // namespace tinyformer::bench
