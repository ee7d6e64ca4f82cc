// Arenas across several regions of RAM: what is used most lies in the fast ones, nothing across
// gaps.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/rng.h"
#include "compiler/plan/arena.h"
#include "compiler/plan/example_graph.h"
#include "compiler/plan/plan.h"

namespace tinyformer {
namespace {

constexpr int kLayers = 16;

std::vector<ArenaBuffer> RandomBuffers(Rng& rng) {
  std::vector<ArenaBuffer> buffers;
  const uint64_t count = 1 + rng.Below(24);
  for (uint64_t i = 0; i < count; ++i) {
    const int first = static_cast<int>(rng.Below(kLayers));
    const int last = std::min(kLayers - 1, first + static_cast<int>(rng.Below(5)));
    buffers.push_back({std::to_string(i) + "b", 1 + static_cast<int64_t>(rng.Below(6000)), first,
                       last, rng.Chance(0.3), static_cast<int64_t>(rng.Below(1000000))});
  }
  return buffers;
}

ArenaSpace RandomSpace(Rng& rng) {
  ArenaSpace space;
  const uint64_t blocks = 1 + rng.Below(3);
  for (uint64_t b = 0; b < blocks; ++b) {
    space.blocks.emplace_back();
    const uint64_t regions = 1 + rng.Below(3);
    for (uint64_t r = 0; r < regions; ++r) {
      space.blocks.back().push_back({std::string(1, static_cast<char>('a' + b)) + std::to_string(r),
                                     8 * static_cast<int64_t>(1 + rng.Below(1500)),
                                     rng.Chance(0.4)});
    }
  }
  return space;
}

ArenaSpace OneBlock(int64_t fast_bytes) {
  return {{{{"dtcm", fast_bytes, true}, {"sram", 1 << 20, false}}}};
}

// An independent statement of CheckLayout: no byte has two owners during any layer, none lies on
// both sides of a block's end.
::testing::AssertionResult IsValid(const std::vector<ArenaBuffer>& buffers,
                                   const ArenaLayout& layout, const ArenaSpace& space) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t begin = layout.offsets[i], end = begin + buffers[i].bytes;
    if (begin < 0 || begin % kArenaAlignment != 0) return ::testing::AssertionFailure() << begin;
    for (size_t block = 1; block < space.blocks.size(); ++block) {
      const int64_t gap = space.BlockStart(block);
      if (begin < gap && gap < end) return ::testing::AssertionFailure() << "across " << gap;
    }
    for (size_t j = 0; j < i; ++j) {
      const bool together =
          buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
      const bool apart = end <= layout.offsets[j] || layout.offsets[j] + buffers[j].bytes <= begin;
      if (together && !apart) return ::testing::AssertionFailure() << i << " overlaps " << j;
    }
  }
  return ::testing::AssertionSuccess();
}

TEST(FastMemory, NothingOverlapsOrLiesAcrossAGapForAnySeed) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed, "space");
    const std::vector<ArenaBuffer> buffers = RandomBuffers(rng);
    const ArenaSpace space = RandomSpace(rng);
    // Few steps: each is an order like the others.
    ArenaLayout known = PlaceGreedyBySize(buffers, space);
    ASSERT_TRUE(IsValid(buffers, known, space)) << "seed " << seed;
    const ArenaLayout fast = PlaceFastFirst(buffers, known, space, 20);
    ASSERT_TRUE(IsValid(buffers, fast, space)) << "seed " << seed;
    CheckLayout(buffers, fast, space);
    EXPECT_LE(fast.bytes, known.bytes) << "seed " << seed;
    if (fast.bytes == known.bytes) {
      EXPECT_LE(SlowAccesses(buffers, fast.offsets, space),
                SlowAccesses(buffers, known.offsets, space))
          << "seed " << seed;
    }
    const std::vector<int64_t> used = UsedBytes(buffers, fast.offsets, space);
    for (size_t block = 0; block + 1 < space.blocks.size(); ++block) {
      EXPECT_LE(used[block], space.BlockStart(block + 1) - space.BlockStart(block));
    }
  }
}

TEST(FastMemory, WhatIsUsedMostLiesInTheFastRegion) {
  const std::vector<ArenaBuffer> buffers = {{"large", 4000, 0, 1, false, 4000},
                                            {"scratch", 800, 0, 0, true, 900000}};
  const ArenaSpace space = OneBlock(800);
  const std::vector<ArenaLayout> layouts = PlaceBuffers(buffers, space);
  const ArenaLayout& best = BestLayout(buffers, layouts, space);
  EXPECT_EQ(best.offsets, (std::vector<int64_t>{800, 0}));
  EXPECT_EQ(best.bytes, 4800);
  EXPECT_EQ(SlowAccesses(buffers, best.offsets, space), 4000);
  EXPECT_EQ(space.NamesOf(0, 800), "dtcm");
  EXPECT_EQ(space.NamesOf(792, 16), "dtcm+sram");
}

TEST(FastMemory, ABlockThatIsFullSendsTheRestToTheNext) {
  const ArenaSpace space = {{{{"dtcm", 1000, true}}, {{"axi", 5000, false}}}};
  const std::vector<ArenaBuffer> buffers = {{"a", 600, 0, 0, false, 10},
                                            {"b", 600, 0, 0, false, 99}};
  const std::vector<ArenaLayout> layouts = PlaceBuffers(buffers, space);
  const ArenaLayout& best = BestLayout(buffers, layouts, space);
  EXPECT_EQ(best.offsets, (std::vector<int64_t>{1000, 0}));
  EXPECT_EQ(UsedBytes(buffers, best.offsets, space), (std::vector<int64_t>{600, 600}));
  EXPECT_EQ(best.bytes, 1200);
  EXPECT_EQ(space.NamesOf(1000, 600), "axi");
  EXPECT_EQ(space.NamesOf(5600, 800), "axi+outside");
}

TEST(FastMemory, WhatFitsTheFirstBlockTakesNoMoreThanInOne) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Rng rng(seed, "first block");
    const std::vector<ArenaBuffer> buffers = RandomBuffers(rng);
    const int64_t of_one = BestLayout(buffers, PlaceBuffers(buffers)).bytes;
    const ArenaSpace space = {{{{"dtcm", of_one, true}}, {{"sram", 1 << 20, false}}}};
    EXPECT_LE(BestLayout(buffers, PlaceBuffers(buffers, space), space).bytes, of_one) << seed;
  }
}

TEST(FastMemory, TheReferencePointKeepsItsPeakAndMovesItsScratch) {
  const Graph graph = ReferenceShapes(1, 0.5);
  std::vector<Kernel> kernels;
  for (const Node& node : graph.nodes) {
    kernels.push_back(SmallestKernel(ListKernels(graph, node, CodecRequest::kAuto)));
  }
  const ArenaSpace space = OneBlock(56 << 10);
  const Plan without = MakePlan(graph, kernels), with = MakePlan(graph, kernels, {}, space);
  EXPECT_EQ(with.arena_bytes, without.arena_bytes);
  int64_t all = 0, slow = 0;
  for (const TensorPlan& tensor : without.tensors) {
    all += tensor.accesses;
    slow += tensor.accesses * (tensor.bytes - space.FastBytes(tensor.offset, tensor.bytes)) /
            tensor.bytes;
  }
  EXPECT_LT(with.slow_accesses, slow / 4);
  EXPECT_LT(with.slow_accesses, all / 10);
}

}  // namespace
}  // namespace tinyformer
