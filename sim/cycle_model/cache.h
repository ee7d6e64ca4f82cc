// A set-associative cache with least-recently-used replacement: counts the misses of the stall
// estimate.
#pragma once

#include <cstdint>
#include <vector>

namespace tinyformer::cycle_model {

class Cache {
 public:
  /// bytes is a multiple of ways x line_bytes, line_bytes a power of two (checked where the board
  /// is read).
  Cache(uint32_t bytes, uint32_t ways, uint32_t line_bytes, uint32_t miss_cycles);

  /// Cycles that reading this address waits: 0 for a hit, miss_cycles for a miss, which loads the
  /// line.
  uint32_t Read(uint32_t address);

 private:
  struct Line {
    uint32_t number = UINT32_MAX;
    uint64_t used = 0;
  };

  uint32_t ways_, line_shift_, miss_cycles_, sets_;
  uint64_t clock_ = 0;
  std::vector<Line> lines_;
  std::vector<uint32_t> guess_;  // where a line was last seen: a shortcut for caches of many ways
};

}  // namespace tinyformer::cycle_model
