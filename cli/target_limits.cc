#include "cli/target_limits.h"

#include <algorithm>

namespace tinyformer {
namespace {

// The first RAM region holds the stack, then variables, then the arena.
constexpr int64_t kVariableBytes = 512;

ArenaSpace ArenaOf(const Board& board) {
  ArenaSpace space;
  int64_t taken = board.stack_bytes + kVariableBytes;
  for (const std::vector<MemoryRegion>& block : board.RamBlocks()) {
    space.blocks.emplace_back();
    for (const MemoryRegion& region : block) {
      const int64_t left = std::max<int64_t>(0, region.bytes - taken);
      taken = std::max<int64_t>(0, taken - region.bytes);
      space.blocks.back().push_back({region.name, left, region.data_cache.empty()});
    }
  }
  return space;
}

}  // namespace

TargetLimits LimitsOf(const Board& board) {
  return {board.name,
          static_cast<int64_t>(board.FlashBytes()),
          static_cast<int64_t>(board.RamBytes()),
          board.stack_bytes,
          board.directory,
          ArenaOf(board)};
}

TargetLimits LimitsOf(const Board& board, const SearchLimits& limits) {
  TargetLimits target = LimitsOf(board);
  target.flash_bytes = limits.flash_bytes;
  target.ram_bytes = limits.ram_bytes;
  return target;
}

}  // namespace tinyformer
