// ArenaSpace, and layouts that keep what is accessed most in fast memory.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "compiler/plan/packing.h"

namespace tinyformer {
namespace {

int64_t BytesOf(const std::vector<ArenaRegion>& block) {
  int64_t bytes = 0;
  for (const ArenaRegion& region : block) bytes += region.bytes;
  return bytes / kArenaAlignment * kArenaAlignment;
}

// Calls visit(region, bytes) for the parts of [offset, offset + bytes) that lie in regions.
template <typename Visit>
void ForEachPart(const ArenaSpace& space, int64_t offset, int64_t bytes, Visit visit) {
  for (size_t block = 0; block < space.blocks.size(); ++block) {
    int64_t start = space.BlockStart(block);
    for (const ArenaRegion& region : space.blocks[block]) {
      const int64_t part = std::min(offset + bytes, start + region.bytes) - std::max(offset, start);
      if (part > 0) visit(region, part);
      start += region.bytes;
    }
  }
}

// The layout turned upside down; one block only.
ArenaLayout Mirror(const std::vector<ArenaBuffer>& buffers, ArenaLayout layout) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    layout.offsets[i] = layout.bytes - layout.offsets[i] - AlignArena(buffers[i].bytes);
  }
  return layout;
}

}  // namespace

int64_t ArenaSpace::BlockStart(size_t block) const {
  if (block > 0 && block >= blocks.size()) return std::numeric_limits<int64_t>::max();
  int64_t start = 0;
  for (size_t i = 0; i < block; ++i) start += BytesOf(blocks[i]);
  return start;
}

size_t ArenaSpace::BlockOf(int64_t offset) const {
  size_t block = 0;
  while (block + 1 < blocks.size() && offset >= BlockStart(block + 1)) ++block;
  return block;
}

int64_t ArenaSpace::Capacity(size_t block) const {
  int64_t bytes = 0;
  for (const ArenaRegion& region : blocks.at(block)) bytes += region.bytes;
  return bytes;
}

std::string ArenaSpace::NamesOf(int64_t offset, int64_t bytes) const {
  if (blocks.empty()) return "";
  std::string names;
  int64_t inside = 0;
  ForEachPart(*this, offset, bytes, [&](const ArenaRegion& region, int64_t part) {
    names += (names.empty() ? "" : "+") + region.name;
    inside += part;
  });
  if (inside < bytes) names += names.empty() ? "outside" : "+outside";
  return names;
}

int64_t ArenaSpace::FastBytes(int64_t offset, int64_t bytes) const {
  int64_t fast = 0;
  ForEachPart(*this, offset, bytes, [&](const ArenaRegion& region, int64_t part) {
    if (region.fast) fast += part;
  });
  return fast;
}

int64_t SlowAccesses(const std::vector<ArenaBuffer>& buffers, const std::vector<int64_t>& offsets,
                     const ArenaSpace& space) {
  bool any_fast = false;
  for (const auto& block : space.blocks) {
    for (const ArenaRegion& region : block) any_fast |= region.fast;
  }
  if (!any_fast) return 0;
  int64_t slow = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t bytes = buffers[i].bytes;
    slow += buffers[i].accesses * (bytes - space.FastBytes(offsets[i], bytes)) / bytes;
  }
  return slow;
}

std::vector<int64_t> UsedBytes(const std::vector<ArenaBuffer>& buffers,
                               const std::vector<int64_t>& offsets, const ArenaSpace& space) {
  std::vector<int64_t> used(std::max<size_t>(1, space.blocks.size()), 0);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const size_t block = space.BlockOf(offsets[i]);
    const int64_t end = offsets[i] + AlignArena(buffers[i].bytes) - space.BlockStart(block);
    used[block] = std::max(used[block], end);
  }
  return used;
}

ArenaLayout PlaceFastFirst(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                           const ArenaSpace& space, int steps) {
  struct Candidate {
    std::vector<size_t> order;
    ArenaLayout layout;
    int64_t slow;
  };
  const auto candidate = [&](ArenaLayout layout, std::vector<size_t> order) {
    const int64_t slow = SlowAccesses(buffers, layout.offsets, space);
    return Candidate{std::move(order), std::move(layout), slow};
  };
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.layout.bytes != b.layout.bytes ? a.layout.bytes < b.layout.bytes : a.slow < b.slow;
  };
  const Packing packing(buffers, space);
  const auto place = [&](std::vector<size_t> order) {
    ArenaLayout layout = packing.Place(order, false);
    return candidate(std::move(layout), std::move(order));
  };

  Candidate best = candidate(known, OrderOf(known));
  const auto consider = [&](Candidate other) {
    if (better(other, best)) best = std::move(other);
  };
  consider(place(best.order));
  if (space.blocks.size() < 2) {
    const ArenaLayout mirrored = Mirror(buffers, known);
    consider(candidate(mirrored, OrderOf(mirrored)));
    consider(place(OrderOf(mirrored)));
  }
  std::vector<size_t> hottest(buffers.size());
  std::iota(hottest.begin(), hottest.end(), 0);
  std::stable_sort(hottest.begin(), hottest.end(), [&](size_t a, size_t b) {
    return buffers[a].accesses * buffers[b].bytes > buffers[b].accesses * buffers[a].bytes;
  });
  consider(place(hottest));

  Rng rng(1, "fast first");
  for (int step = 0; step < steps && best.slow > 0 && buffers.size() > 1; ++step) {
    ThrowIfInterrupted();
    std::vector<size_t> order = best.order;
    for (uint64_t moves = 1 + rng.Below(3); moves > 0; --moves) {
      // One buffer goes to another place in the order.
      const size_t from = rng.Below(order.size()), to = rng.Below(order.size());
      const size_t moved = order[from];
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), moved);
    }
    consider(place(std::move(order)));
  }
  best.layout.strategy = "fast_first";
  return best.layout;
}

}  // namespace tinyformer
