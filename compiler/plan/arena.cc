#include "compiler/plan/arena.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace tinyformer {
namespace {

constexpr int64_t kExactSteps = 200000;
constexpr int kFastSteps = 4000;

bool LiveTogether(const ArenaBuffer& a, const ArenaBuffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

struct Interval {
  int64_t begin;
  int64_t end;
};

// Where the already placed buffers that live together with `buffer` lie, and where blocks end (no
// buffer may lie across), by offset.
std::vector<Interval> Obstacles(const std::vector<ArenaBuffer>& buffers,
                                const std::vector<int64_t>& offsets, size_t buffer,
                                const ArenaSpace& space = {}) {
  std::vector<Interval> taken;
  for (size_t block = 1; block < space.blocks.size(); ++block) {
    taken.push_back({space.BlockStart(block), space.BlockStart(block)});
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (offsets[i] >= 0 && LiveTogether(buffers[i], buffers[buffer])) {
      taken.push_back({offsets[i], offsets[i] + AlignArena(buffers[i].bytes)});
    }
  }
  std::sort(taken.begin(), taken.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  return taken;
}

// Start of the lowest gap that holds `bytes`, or of the tightest one; above everything when none
// does.
int64_t FindGap(const std::vector<Interval>& taken, int64_t bytes, bool tightest) {
  int64_t best = -1;
  int64_t best_size = std::numeric_limits<int64_t>::max();
  int64_t at = 0;
  for (const Interval& interval : taken) {
    const int64_t size = interval.begin - at;
    if (size >= bytes && size < best_size) {
      best = at;
      best_size = size;
      if (!tightest) return best;
    }
    at = std::max(at, interval.end);
  }
  return best >= 0 ? best : at;
}

template <typename Before>
std::vector<size_t> OrderBy(const std::vector<ArenaBuffer>& buffers, Before before) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

// Depth-first over placements. Any layout can be pushed down until every buffer lies on the floor
// or on another one; taken in order of their offsets, its buffers are then each at the lowest free
// offset. So it is enough to try orders, and only those whose offsets do not fall.
class ExactSearch {
 public:
  ExactSearch(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known, int64_t max_steps)
      : buffers_(buffers),
        best_(known),
        lower_bound_(ArenaLowerBound(buffers)),
        steps_left_(max_steps),
        offsets_(buffers.size(), -1),
        order_(OrderBy(buffers,
                       [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; })) {}

  ArenaLayout Run() {
    Place(0, 0, 0);
    return best_;
  }

 private:
  void Place(size_t placed, int64_t floor, int64_t height) {
    if (placed == buffers_.size()) {
      best_ = {"exact", offsets_, height};
      return;
    }
    for (size_t i : order_) {
      if (offsets_[i] >= 0) continue;
      if (best_.bytes == lower_bound_ || steps_left_ == 0) return;
      --steps_left_;
      const int64_t bytes = AlignArena(buffers_[i].bytes);
      const int64_t offset = FindGap(Obstacles(buffers_, offsets_, i), bytes, false);
      const int64_t top = std::max(height, offset + bytes);
      if (offset < floor || top >= best_.bytes) continue;
      offsets_[i] = offset;
      Place(placed + 1, offset, top);
      offsets_[i] = -1;
    }
  }

  const std::vector<ArenaBuffer>& buffers_;
  ArenaLayout best_;
  int64_t lower_bound_;
  int64_t steps_left_;
  std::vector<int64_t> offsets_;
  std::vector<size_t> order_;
};

ArenaLayout Named(ArenaLayout layout, const std::string& strategy) {
  layout.strategy = strategy;
  return layout;
}

}  // namespace

int64_t AlignArena(int64_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

std::vector<int64_t> LiveBytes(const std::vector<ArenaBuffer>& buffers, int layers) {
  std::vector<int64_t> live(static_cast<size_t>(layers), 0);
  for (const ArenaBuffer& buffer : buffers) {
    TF_CHECK(buffer.bytes > 0 && buffer.first >= 0 && buffer.first <= buffer.last &&
                 buffer.last < layers,
             buffer.name, "bytes", buffer.bytes, "first", buffer.first, "last", buffer.last);
    for (int i = buffer.first; i <= buffer.last; ++i) {
      live[static_cast<size_t>(i)] += AlignArena(buffer.bytes);
    }
  }
  return live;
}

int64_t ArenaLowerBound(const std::vector<ArenaBuffer>& buffers) {
  int layers = 0;
  for (const ArenaBuffer& buffer : buffers) layers = std::max(layers, buffer.last + 1);
  const std::vector<int64_t> live = LiveBytes(buffers, layers);
  return live.empty() ? 0 : *std::max_element(live.begin(), live.end());
}

ArenaLayout PlaceHeadTail(const std::vector<ArenaBuffer>& buffers) {
  const auto order = OrderBy(buffers, [&](size_t a, size_t b) {
    return buffers[a].first != buffers[b].first ? buffers[a].first < buffers[b].first
                                                : buffers[a].scratch < buffers[b].scratch;
  });
  // Distances from the own end of the arena; -1 where the buffer is on the other side.
  std::vector<int64_t> from_head(buffers.size(), -1), from_tail(buffers.size(), -1);
  bool head = false;
  for (size_t i : order) {
    if (!buffers[i].scratch) head = !head;
    std::vector<int64_t>& side = head ? from_head : from_tail;
    side[i] = FindGap(Obstacles(buffers, side, i), AlignArena(buffers[i].bytes), false);
  }
  ArenaLayout layout{"head_tail", from_head, 0};
  const auto top = [&](size_t i) {
    return std::max(from_head[i], from_tail[i]) + AlignArena(buffers[i].bytes);
  };
  for (size_t i = 0; i < buffers.size(); ++i) {
    layout.bytes = std::max(layout.bytes, top(i));
    for (size_t j = 0; j < buffers.size(); ++j) {
      const bool opposite = from_head[i] >= 0 && from_tail[j] >= 0;
      if (opposite && LiveTogether(buffers[i], buffers[j])) {
        layout.bytes = std::max(layout.bytes, top(i) + top(j));
      }
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (from_tail[i] >= 0) layout.offsets[i] = layout.bytes - top(i);
  }
  return layout;
}

ArenaLayout PlaceInOrder(const std::vector<ArenaBuffer>& buffers, const std::vector<size_t>& order,
                         const ArenaSpace& space, bool tightest) {
  ArenaLayout layout{"in_order", std::vector<int64_t>(buffers.size(), -1), 0};
  for (size_t i : order) {
    layout.offsets[i] = FindGap(Obstacles(buffers, layout.offsets, i, space),
                                AlignArena(buffers[i].bytes), tightest);
  }
  const std::vector<int64_t> used = UsedBytes(buffers, layout.offsets, space);
  layout.bytes = std::accumulate(used.begin(), used.end(), int64_t{0});
  return layout;
}

ArenaLayout PlaceGreedyBySize(const std::vector<ArenaBuffer>& buffers, const ArenaSpace& space) {
  const auto order =
      OrderBy(buffers, [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  return Named(PlaceInOrder(buffers, order, space, true), "greedy_by_size");
}

ArenaLayout PlaceGreedyByLifetime(const std::vector<ArenaBuffer>& buffers,
                                  const ArenaSpace& space) {
  const auto order = OrderBy(buffers, [&](size_t a, size_t b) {
    const int life_a = buffers[a].last - buffers[a].first;
    const int life_b = buffers[b].last - buffers[b].first;
    return life_a != life_b ? life_a > life_b : buffers[a].bytes > buffers[b].bytes;
  });
  return Named(PlaceInOrder(buffers, order, space, true), "greedy_by_lifetime");
}

ArenaLayout PlaceGreedyByBreadth(const std::vector<ArenaBuffer>& buffers, const ArenaSpace& space) {
  int layers = 0;
  for (const ArenaBuffer& buffer : buffers) layers = std::max(layers, buffer.last + 1);
  const std::vector<int64_t> live = LiveBytes(buffers, layers);
  // A buffer's turn is the turn of the fullest layer in which it lives.
  const auto fullest = [&](size_t i) {
    return *std::max_element(live.begin() + buffers[i].first, live.begin() + buffers[i].last + 1);
  };
  const auto order = OrderBy(buffers, [&](size_t a, size_t b) {
    const int64_t full_a = fullest(a), full_b = fullest(b);
    return full_a != full_b ? full_a > full_b : buffers[a].bytes > buffers[b].bytes;
  });
  return Named(PlaceInOrder(buffers, order, space, true), "greedy_by_breadth");
}

ArenaLayout PlaceExact(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                       int64_t max_steps) {
  return ExactSearch(buffers, known, max_steps).Run();
}

std::vector<ArenaLayout> PlaceBuffers(const std::vector<ArenaBuffer>& buffers,
                                      const ArenaSpace& space) {
  const bool one_block = space.blocks.size() < 2;
  std::vector<ArenaLayout> layouts;
  if (one_block) layouts.push_back(PlaceHeadTail(buffers));
  layouts.push_back(PlaceGreedyBySize(buffers, space));
  layouts.push_back(PlaceGreedyByLifetime(buffers, space));
  layouts.push_back(PlaceGreedyByBreadth(buffers, space));
  if (one_block && BestLayout(buffers, layouts).bytes > ArenaLowerBound(buffers)) {
    layouts.push_back(
        Named(PlaceExact(buffers, BestLayout(buffers, layouts), kExactSteps), "exact"));
  }
  const ArenaLayout& best = BestLayout(buffers, layouts, space);
  if (!one_block || SlowAccesses(buffers, best.offsets, space) > 0) {
    layouts.push_back(PlaceFastFirst(buffers, best, space, kFastSteps));
  }
  for (const ArenaLayout& layout : layouts) CheckLayout(buffers, layout, space);
  return layouts;
}

const ArenaLayout& BestLayout(const std::vector<ArenaBuffer>& buffers,
                              const std::vector<ArenaLayout>& layouts, const ArenaSpace& space) {
  TF_CHECK(!layouts.empty());
  return *std::min_element(
      layouts.begin(), layouts.end(), [&](const ArenaLayout& a, const ArenaLayout& b) {
        if (a.bytes != b.bytes) return a.bytes < b.bytes;
        return SlowAccesses(buffers, a.offsets, space) < SlowAccesses(buffers, b.offsets, space);
      });
}

void CheckLayout(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& layout,
                 const ArenaSpace& space) {
  TF_CHECK(layout.offsets.size() == buffers.size(), layout.strategy);
  const std::vector<int64_t> used = UsedBytes(buffers, layout.offsets, space);
  TF_CHECK(std::accumulate(used.begin(), used.end(), int64_t{0}) <= layout.bytes, layout.strategy,
           "arena", layout.bytes);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t begin = layout.offsets[i], end = begin + buffers[i].bytes;
    TF_CHECK(begin >= 0 && begin % kArenaAlignment == 0 &&
                 space.BlockOf(begin) == space.BlockOf(end - 1),
             layout.strategy, buffers[i].name, "offset", begin, "arena", layout.bytes);
    for (size_t j = 0; j < i; ++j) {
      const int64_t other = layout.offsets[j];
      const bool apart = end <= other || other + buffers[j].bytes <= begin;
      TF_CHECK(apart || !LiveTogether(buffers[i], buffers[j]), layout.strategy, buffers[i].name,
               "overlaps", buffers[j].name);
    }
  }
}

}  // namespace tinyformer
