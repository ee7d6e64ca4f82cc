// Putting buffers into the arena one after the other: what every strategy of arena.h does.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/plan/arena.h"

namespace tinyformer {

/// For each buffer, by index, the others that are alive in one of its layers.
std::vector<std::vector<size_t>> LiveTogether(const std::vector<ArenaBuffer>& buffers);

/// Finds room for buffers among those that are placed already.
///
/// Time  of one buffer: the buffers that live with it, not all there are
class Packing {
 public:
  /// Keeps references.
  Packing(const std::vector<ArenaBuffer>& buffers, const ArenaSpace& space);

  /// Start of the lowest gap that holds the buffer, or of the tightest one; above everything when
  /// none does. `offsets` are those of the placed buffers, -1 the others.
  int64_t FindRoom(const std::vector<int64_t>& offsets, size_t buffer, bool tightest) const;

  /// All buffers in this order.
  ArenaLayout Place(const std::vector<size_t>& order, bool tightest) const;

  const std::vector<size_t>& LivingWith(size_t buffer) const { return together_[buffer]; }

 private:
  struct Interval {
    int64_t begin;
    int64_t end;
  };

  const std::vector<ArenaBuffer>& buffers_;
  const ArenaSpace& space_;
  std::vector<std::vector<size_t>> together_;
  std::vector<int64_t> bytes_;           // rounded
  std::vector<Interval> block_ends_;     // no buffer may lie across
  mutable std::vector<Interval> taken_;  // of the last search
};

/// Buffers by rising offset: placed again in this order, a layout is pushed down at least as far.
std::vector<size_t> OrderOf(const ArenaLayout& layout);

}  // namespace tinyformer
