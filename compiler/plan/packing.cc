#include "compiler/plan/packing.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tinyformer {

std::vector<std::vector<size_t>> LiveTogether(const std::vector<ArenaBuffer>& buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].first < buffers[b].first; });
  std::vector<std::vector<size_t>> together(buffers.size());
  std::vector<size_t> alive;
  for (size_t i : order) {
    std::erase_if(alive, [&](size_t j) { return buffers[j].last < buffers[i].first; });
    for (size_t j : alive) {
      together[i].push_back(j);
      together[j].push_back(i);
    }
    alive.push_back(i);
  }
  return together;
}

Packing::Packing(const std::vector<ArenaBuffer>& buffers, const ArenaSpace& space)
    : buffers_(buffers), space_(space), together_(LiveTogether(buffers)) {
  for (const ArenaBuffer& buffer : buffers) bytes_.push_back(AlignArena(buffer.bytes));
  for (size_t block = 1; block < space.blocks.size(); ++block) {
    block_ends_.push_back({space.BlockStart(block), space.BlockStart(block)});
  }
}

int64_t Packing::FindRoom(const std::vector<int64_t>& offsets, size_t buffer, bool tightest) const {
  taken_ = block_ends_;
  for (size_t i : together_[buffer]) {
    if (offsets[i] >= 0) taken_.push_back({offsets[i], offsets[i] + bytes_[i]});
  }
  std::sort(taken_.begin(), taken_.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  int64_t best = -1;
  int64_t best_size = std::numeric_limits<int64_t>::max();
  int64_t at = 0;
  for (const Interval& interval : taken_) {
    const int64_t size = interval.begin - at;
    if (size >= bytes_[buffer] && size < best_size) {
      best = at;
      best_size = size;
      if (!tightest) return best;
    }
    at = std::max(at, interval.end);
  }
  return best >= 0 ? best : at;
}

ArenaLayout Packing::Place(const std::vector<size_t>& order, bool tightest) const {
  ArenaLayout layout{"in_order", std::vector<int64_t>(buffers_.size(), -1), 0};
  for (size_t i : order) layout.offsets[i] = FindRoom(layout.offsets, i, tightest);
  const std::vector<int64_t> used = UsedBytes(buffers_, layout.offsets, space_);
  layout.bytes = std::accumulate(used.begin(), used.end(), int64_t{0});
  return layout;
}

std::vector<size_t> OrderOf(const ArenaLayout& layout) {
  std::vector<size_t> order(layout.offsets.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return layout.offsets[a] < layout.offsets[b]; });
  return order;
}

}  // namespace tinyformer
