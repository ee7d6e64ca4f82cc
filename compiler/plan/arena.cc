#include "compiler/plan/arena.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "compiler/plan/packing.h"

namespace tinyformer {
namespace {

constexpr int64_t kExactSteps = 200000;
constexpr size_t kExactBuffers = 100;
// Buffers that the random searches place in all: a network of 60 buffers gets all steps.
constexpr size_t kSearchPlacements = 240000;
constexpr size_t kSearchSteps = 4000;

int StepsFor(size_t buffers) {
  return static_cast<int>(std::min(kSearchSteps, kSearchPlacements / std::max<size_t>(1, buffers)));
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
        packing_(buffers, space_),
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
      if (--steps_left_ % 1024 == 0) ThrowIfInterrupted();
      const int64_t bytes = AlignArena(buffers_[i].bytes);
      const int64_t offset = packing_.FindRoom(offsets_, i, false);
      const int64_t top = std::max(height, offset + bytes);
      if (offset < floor || top >= best_.bytes) continue;
      offsets_[i] = offset;
      Place(placed + 1, offset, top);
      offsets_[i] = -1;
    }
  }

  const std::vector<ArenaBuffer>& buffers_;
  ArenaSpace space_;
  Packing packing_;
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
  const ArenaSpace space;
  const Packing packing(buffers, space);
  // Distances from the own end of the arena; -1 where the buffer is on the other side.
  std::vector<int64_t> from_head(buffers.size(), -1), from_tail(buffers.size(), -1);
  bool head = false;
  for (size_t i : order) {
    if (!buffers[i].scratch) head = !head;
    std::vector<int64_t>& side = head ? from_head : from_tail;
    side[i] = packing.FindRoom(side, i, false);
  }
  ArenaLayout layout{"head_tail", from_head, 0};
  const auto top = [&](size_t i) {
    return std::max(from_head[i], from_tail[i]) + AlignArena(buffers[i].bytes);
  };
  for (size_t i = 0; i < buffers.size(); ++i) {
    layout.bytes = std::max(layout.bytes, top(i));
    for (size_t j : packing.LivingWith(i)) {
      const bool opposite = from_head[i] >= 0 && from_tail[j] >= 0;
      if (opposite) layout.bytes = std::max(layout.bytes, top(i) + top(j));
    }
  }
  for (size_t i = 0; i < buffers.size(); ++i) {
    if (from_tail[i] >= 0) layout.offsets[i] = layout.bytes - top(i);
  }
  return layout;
}

ArenaLayout PlaceInOrder(const std::vector<ArenaBuffer>& buffers, const std::vector<size_t>& order,
                         const ArenaSpace& space, bool tightest) {
  return Packing(buffers, space).Place(order, tightest);
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

ArenaLayout PlaceHillClimb(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& known,
                           int steps) {
  const ArenaSpace space;
  const Packing packing(buffers, space);
  const int64_t bound = ArenaLowerBound(buffers);
  Rng rng(1, "hill climb");
  ArenaLayout best = known, now = known;
  std::vector<size_t> order = OrderOf(known);
  for (int step = 0; step < steps && best.bytes > bound; ++step) {
    ThrowIfInterrupted();
    std::vector<size_t> tops;
    for (size_t i = 0; i < buffers.size(); ++i) {
      if (now.offsets[i] + AlignArena(buffers[i].bytes) == now.bytes) tops.push_back(i);
    }
    // Where it was pushed up: by one that lives with it, or by one that lives with that.
    const size_t top = tops[rng.Below(tops.size())];
    size_t other = top;
    for (uint64_t hops = 1 + rng.Below(2); hops > 0; --hops) {
      const std::vector<size_t>& near = packing.LivingWith(other);
      if (!near.empty()) other = near[rng.Below(near.size())];
    }
    std::vector<size_t> changed = order;
    std::swap(*std::find(changed.begin(), changed.end(), top),
              *std::find(changed.begin(), changed.end(), other));
    ArenaLayout next = packing.Place(changed, false);
    if (next.bytes > now.bytes) continue;
    order = std::move(changed);
    now = std::move(next);
    if (now.bytes < best.bytes) best = now;
  }
  return Named(best, "hill_climb");
}

std::vector<ArenaLayout> PlaceBuffers(const std::vector<ArenaBuffer>& buffers,
                                      const ArenaSpace& space, Placement placement) {
  const bool one_block = space.blocks.size() < 2;
  const int64_t lower_bound = ArenaLowerBound(buffers);
  std::vector<ArenaLayout> layouts;
  int64_t fewest = std::numeric_limits<int64_t>::max();
  const auto add = [&](ArenaLayout layout) {
    CheckLayout(buffers, layout, space);
    fewest = std::min(fewest, layout.bytes);
    layouts.push_back(std::move(layout));
  };
  const auto done = [&] { return placement == Placement::kFewestBytes && fewest == lower_bound; };
  if (one_block) add(PlaceHeadTail(buffers));
  for (const auto& greedy : {PlaceGreedyBySize, PlaceGreedyByLifetime, PlaceGreedyByBreadth}) {
    if (!done()) add(greedy(buffers, space));
  }
  if (one_block && fewest > lower_bound) {
    add(PlaceHillClimb(buffers, BestLayout(buffers, layouts), StepsFor(buffers.size())));
  }
  if (one_block && fewest > lower_bound && buffers.size() <= kExactBuffers) {
    add(Named(PlaceExact(buffers, BestLayout(buffers, layouts), kExactSteps), "exact"));
  }
  if (!one_block && fewest > lower_bound) {
    // What fits the first block needs no other, and more is known of one block.
    const std::vector<ArenaLayout> of_one = PlaceBuffers(buffers, {}, Placement::kFewestBytes);
    const ArenaLayout& smallest = BestLayout(buffers, of_one);
    if (smallest.bytes <= space.BlockStart(1)) add(smallest);
  }
  if (done()) return layouts;
  const ArenaLayout& best = BestLayout(buffers, layouts, space);
  if (!one_block || SlowAccesses(buffers, best.offsets, space) > 0) {
    add(PlaceFastFirst(buffers, best, space, StepsFor(buffers.size())));
  }
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
  const std::vector<std::vector<size_t>> together = LiveTogether(buffers);
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t begin = layout.offsets[i], end = begin + buffers[i].bytes;
    TF_CHECK(begin >= 0 && begin % kArenaAlignment == 0 &&
                 space.BlockOf(begin) == space.BlockOf(end - 1),
             layout.strategy, buffers[i].name, "offset", begin, "arena", layout.bytes);
    for (size_t j : together[i]) {
      const int64_t other = layout.offsets[j];
      TF_CHECK(end <= other || other + buffers[j].bytes <= begin, layout.strategy, buffers[i].name,
               "overlaps", buffers[j].name);
    }
  }
}

}  // namespace tinyformer
