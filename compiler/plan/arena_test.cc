#include "compiler/plan/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "base/check.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/rng.h"

namespace tinyformer {
namespace {

constexpr int kLayers = 12;

std::vector<ArenaBuffer> RandomBuffers(Rng& rng, size_t count) {
  std::vector<ArenaBuffer> buffers;
  for (size_t i = 0; i < count; ++i) {
    const int first = static_cast<int>(rng.Below(kLayers));
    const int last = std::min(kLayers - 1, first + static_cast<int>(rng.Below(4)));
    buffers.push_back({std::to_string(i) + "b", 1 + static_cast<int64_t>(rng.Below(5000)), first,
                       last, rng.Chance(0.2), 0});
  }
  return buffers;
}

// A chain: layer i writes buffer i, which layer i + 1 reads.
std::vector<ArenaBuffer> Chain(const std::vector<int64_t>& bytes) {
  std::vector<ArenaBuffer> buffers;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int layer = static_cast<int>(i);
    buffers.push_back({std::to_string(i) + "t", bytes[i], layer,
                       std::min(layer + 1, static_cast<int>(bytes.size()) - 1), false, 0});
  }
  return buffers;
}

// An independent statement of what CheckLayout checks: no byte has two owners during any layer.
bool IsValid(const std::vector<ArenaBuffer>& buffers, const ArenaLayout& layout) {
  for (int layer = 0; layer < kLayers; ++layer) {
    std::vector<int> owners(static_cast<size_t>(layout.bytes), 0);
    for (size_t i = 0; i < buffers.size(); ++i) {
      if (layer < buffers[i].first || layer > buffers[i].last) continue;
      if (layout.offsets[i] % kArenaAlignment != 0) return false;
      for (int64_t b = 0; b < buffers[i].bytes; ++b) {
        if (++owners.at(static_cast<size_t>(layout.offsets[i] + b)) > 1) return false;
      }
    }
  }
  return true;
}

// One above the other: correct and large.
ArenaLayout Stacked(const std::vector<ArenaBuffer>& buffers) {
  ArenaLayout layout{"stacked", {}, 0};
  for (const ArenaBuffer& buffer : buffers) {
    layout.offsets.push_back(layout.bytes);
    layout.bytes += AlignArena(buffer.bytes);
  }
  return layout;
}

TEST(ArenaPlanner, NeverOverlapsLiveBuffers) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed, "arena");
    const auto buffers = RandomBuffers(rng, 1 + rng.Below(25));
    const int64_t bound = ArenaLowerBound(buffers);
    for (const ArenaLayout& layout : PlaceBuffers(buffers)) {
      EXPECT_TRUE(IsValid(buffers, layout)) << "seed " << seed << " " << layout.strategy;
      EXPECT_GE(layout.bytes, bound) << "seed " << seed << " " << layout.strategy;
    }
  }
}

TEST(ArenaPlanner, ExactIsNeverWorseAndFindsTheOptimumOfSmallProblems) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed, "exact");
    const auto buffers = RandomBuffers(rng, 6);
    // Every permutation at the lowest free offset contains an optimal layout.
    std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
    int64_t optimum = BestLayout(buffers, PlaceBuffers(buffers)).bytes;
    const int64_t found = optimum;
    do {
      std::vector<int64_t> offsets(6, -1);
      int64_t height = 0;
      for (size_t i : order) {
        int64_t at = 0;
        for (bool moved = true; moved;) {
          moved = false;
          for (size_t j = 0; j < 6; ++j) {
            if (offsets[j] < 0 || buffers[j].first > buffers[i].last ||
                buffers[i].first > buffers[j].last) {
              continue;
            }
            const int64_t end = offsets[j] + AlignArena(buffers[j].bytes);
            if (at < end && offsets[j] < at + AlignArena(buffers[i].bytes)) {
              at = end;
              moved = true;
            }
          }
        }
        offsets[i] = at;
        height = std::max(height, at + AlignArena(buffers[i].bytes));
      }
      optimum = std::min(optimum, height);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(found, optimum) << "seed " << seed;
  }
}

TEST(ArenaPlanner, AlternationIsOptimalForAChain) {
  const auto buffers = Chain({800, 1600, 400, 2400, 80});
  EXPECT_EQ(ArenaLowerBound(buffers), 2800);
  EXPECT_EQ(PlaceHeadTail(buffers).bytes, 2800);
  EXPECT_EQ(PlaceHeadTail(buffers).offsets, (std::vector<int64_t>{0, 1200, 0, 400, 0}));
}

TEST(ArenaPlanner, PackingBeatsAlternationWhenABranchStaysAlive) {
  // "kept" lands above "first" at the head; when "first" dies its hole is too small for "large".
  const std::vector<ArenaBuffer> buffers = {
      {"first", 800, 0, 1}, {"short", 80, 1, 1},   {"kept", 80, 1, 4},
      {"next", 80, 2, 2},   {"large", 1600, 3, 4},
  };
  EXPECT_EQ(ArenaLowerBound(buffers), 1680);
  EXPECT_EQ(PlaceHeadTail(buffers).bytes, 2480);
  EXPECT_EQ(BestLayout(buffers, PlaceBuffers(buffers)).bytes, 1680);
}

TEST(ArenaPlanner, ClimbingClosesMostGapsThatGreedyLayoutsLeave) {
  int64_t greedy_gaps = 0, gaps = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed, "climb");
    const auto buffers = RandomBuffers(rng, 30);
    const ArenaLayout greedy = PlaceGreedyBySize(buffers);
    const ArenaLayout climbed = PlaceHillClimb(buffers, greedy, 4000);
    CheckLayout(buffers, climbed);
    EXPECT_LE(climbed.bytes, greedy.bytes) << "seed " << seed;
    greedy_gaps += greedy.bytes - ArenaLowerBound(buffers);
    gaps += climbed.bytes - ArenaLowerBound(buffers);
  }
  EXPECT_GT(greedy_gaps, 0);
  EXPECT_LT(gaps, greedy_gaps / 10);
}

// Whether the call ends with Interrupted after a signal, in a process of its own.
template <typename Call>
void ExpectStops(Call call) {
  const auto stop = [&] {
    CatchInterrupts();
    std::raise(SIGTERM);
    try {
      call();
    } catch (const Interrupted&) {
      std::_Exit(130);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(stop(), ::testing::ExitedWithCode(130), "");
}

TEST(ArenaPlanner, EverySearchStopsWhenItIsInterrupted) {
  Rng rng(2, "interrupted");
  auto buffers = RandomBuffers(rng, 40);
  for (ArenaBuffer& buffer : buffers) buffer.accesses = 1;
  const ArenaLayout stacked = Stacked(buffers);
  ExpectStops([&] { PlaceHillClimb(buffers, stacked, 2); });
  ExpectStops([&] { PlaceExact(buffers, stacked, 2000); });
  ExpectStops([&] {
    PlaceFastFirst(buffers, stacked, {{{{"dtcm", 8, true}, {"sram", 1 << 20, false}}}}, 2);
  });
}

TEST(ArenaPlanner, TheSameBuffersGiveTheSameLayout) {
  Rng rng(3, "repeat");
  const auto buffers = RandomBuffers(rng, 30);
  const auto a = PlaceBuffers(buffers), b = PlaceBuffers(buffers);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].offsets, b[i].offsets) << a[i].strategy;
}

TEST(ArenaPlanner, NoBuffersNeedNoArena) {
  EXPECT_EQ(BestLayout({}, PlaceBuffers({})).bytes, 0);
  EXPECT_EQ(ArenaLowerBound({}), 0);
}

TEST(CheckLayout, FindsAnOverlap) {
  const auto buffers = Chain({8, 8});
  EXPECT_THROW(CheckLayout(buffers, {"test", {0, 0}, 16}), CheckFailure);
  EXPECT_THROW(CheckLayout(buffers, {"test", {0, 4}, 16}), CheckFailure);
  EXPECT_THROW(CheckLayout(buffers, {"test", {0, 16}, 16}), CheckFailure);
  CheckLayout(buffers, {"test", {0, 8}, 16});
}

}  // namespace
}  // namespace tinyformer
