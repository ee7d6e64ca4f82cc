#include "compiler/cost/choose_kernels.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

constexpr int64_t kNoLimit = int64_t{1} << 40;

ResourceUse UseOf(const Graph& graph, Optimize optimize, int64_t limit = kNoLimit) {
  return EstimateUse(
      graph, MakePlan(graph, ChooseKernels(graph, CodecRequest::kAuto, optimize, limit)), 0);
}

TEST(ChooseKernels, EveryGoalIsBestAtItsOwnMeasure) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const Graph graph = TinyTransformer(seed, 0.2 * static_cast<double>(seed));
    for (Optimize other :
         {Optimize::kBalanced, Optimize::kSpeed, Optimize::kSize, Optimize::kRam}) {
      EXPECT_LE(UseOf(graph, Optimize::kSize).flash_bytes, UseOf(graph, other).flash_bytes)
          << "seed " << seed;
      EXPECT_LE(UseOf(graph, Optimize::kSpeed).cycles, UseOf(graph, other).cycles)
          << "seed " << seed;
    }
    EXPECT_LE(UseOf(graph, Optimize::kRam).sram_peak_bytes,
              UseOf(graph, Optimize::kBalanced).sram_peak_bytes)
        << "seed " << seed;
  }
}

TEST(ChooseKernels, SpeedGivesUpCyclesOnlyToFit) {
  const Graph graph = ReferenceShapes(1, 0.3);
  const ResourceUse free = UseOf(graph, Optimize::kSpeed);
  const ResourceUse small = UseOf(graph, Optimize::kSize);
  const int64_t limit = (free.flash_bytes + small.flash_bytes) / 2;
  const ResourceUse limited = UseOf(graph, Optimize::kSpeed, limit);
  EXPECT_LE(limited.flash_bytes, limit);
  EXPECT_GE(limited.cycles, free.cycles);
  EXPECT_LE(limited.cycles, small.cycles);
}

TEST(ChooseKernels, AForcedCodeIsKept) {
  const Graph graph = TinyTransformer(1, 0.6);
  for (const Kernel& kernel :
       ChooseKernels(graph, CodecRequest::kRunLength, Optimize::kSize, kNoLimit)) {
    EXPECT_NE(kernel.codec.codec, Codec::kBitmap) << kernel.name;
  }
}

TEST(ChooseKernels, RamChangesAllLayersThatShareThePeak) {
  ExampleGraph g("peaks", 1, 0.9);
  ValueId x = g.Linear("in", g.Input({1, 64, 64}), 64);
  for (const char* name : {"one", "two"}) {
    x = g.Linear(std::string(name) + ".narrow", g.Linear(std::string(name) + ".wide", x, 256), 64);
  }
  const Graph graph = g.Finish(g.Linear("head", x, 2));
  const auto kinds_of = [&](Optimize optimize) {
    std::vector<std::string> kinds;
    for (const Kernel& kernel : ChooseKernels(graph, CodecRequest::kAuto, optimize, kNoLimit)) {
      kinds.push_back(kernel.name == "linear_s8" ? "dense" : "sparse");
    }
    return kinds;
  };
  EXPECT_EQ(kinds_of(Optimize::kBalanced), std::vector<std::string>(6, "sparse"));
  // Most is alive in the narrow layers; without their scratch, in the wide ones.
  EXPECT_EQ(kinds_of(Optimize::kRam),
            (std::vector<std::string>{"sparse", "dense", "dense", "dense", "dense", "sparse"}));
}

TEST(ParseOptimize, RefusesOtherWords) {
  EXPECT_EQ(ParseOptimize("ram"), Optimize::kRam);
  try {
    ParseOptimize("fast");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[compile/optimize] --optimize\n  expected: balanced, speed, size or ram\n"
                 "  found:    'fast'\n"
                 "  fix:      choose one of them; balanced weighs bytes and cycles equally");
  }
}

}  // namespace
}  // namespace tinyformer
