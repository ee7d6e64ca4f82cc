#include "compiler/cost/choose_strips.h"

#include <gtest/gtest.h>

#include <ctime>

#include "compiler/cost/choose_kernels.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer {
namespace {

class ChooseStripsTest : public ::testing::Test {
 protected:
  int64_t ArenaWithin(int64_t limit) {
    strips_ = ChooseStrips(graph_, kernels_, limit);
    return MakePlan(graph_, kernels_, strips_).arena_bytes;
  }

  const Graph graph_ = ReferenceShapes(1, 0.5);
  const std::vector<Kernel> kernels_ =
      ChooseKernels(graph_, CodecRequest::kAuto, Optimize::kBalanced, 0);
  const int64_t whole_ = MakePlan(graph_, kernels_).arena_bytes;
  std::vector<StripSchedule> strips_;
};

TEST_F(ChooseStripsTest, TakesNoneWhenThePlanFits) {
  EXPECT_EQ(ArenaWithin(whole_), whole_);
  EXPECT_TRUE(strips_.empty());
}

TEST_F(ChooseStripsTest, StaysWithinALimitThatStripsCanReach) {
  const int64_t least = SmallestPlan(graph_, kernels_).arena_bytes;
  ASSERT_LT(least, whole_);
  for (int64_t limit = least; limit < whole_; limit += (whole_ - least) / 7 + 1) {
    EXPECT_LE(ArenaWithin(limit), limit);
    EXPECT_FALSE(strips_.empty()) << limit;
  }
  EXPECT_EQ(ArenaWithin(0), least);
}

TEST_F(ChooseStripsTest, TakesTheHighestStripsThatFit) {
  ArenaWithin(whole_ - 1);
  ASSERT_EQ(strips_.size(), 1u);
  StripSchedule& only = strips_[0];
  only = MakeStripSchedule(graph_, kernels_, only.chain, only.rows + 1);
  EXPECT_GT(MakePlan(graph_, kernels_, strips_).arena_bytes, whole_ - 1);
}

TEST_F(ChooseStripsTest, SaysWhatIsInMemory) {
  ArenaWithin(whole_ - 1);
  const Plan plan = MakePlan(graph_, kernels_, strips_);
  const std::string rows = std::to_string(strips_[0].rows);
  const std::string text = StripTable(graph_, plan);
  EXPECT_EQ(text.find("by strips of rows\n  dot1.mb1.expand to dot1.mb1.project: " + rows +
                      " rows at a time, "),
            0u)
      << text;
  EXPECT_EQ(StripTable(graph_, MakePlan(graph_, kernels_)), "");
}

// Inverted residuals of several widths and attention, five layers a block.
Graph DeepNetwork(int blocks) {
  ExampleGraph g("deep", 1, 0.5);
  ValueId x = g.Conv2d("stem", g.Input({1, 16, 16, 3}), 8, 1);
  for (int i = 0; i < blocks; ++i) {
    const std::string name = "block" + std::to_string(i);
    if (i % 3 == 2) {
      const ValueId norm = g.Layernorm(name + ".ln", g.Reshape(name + ".in", x, {1, 256, 8}));
      const ValueId q = g.Linear(name + ".q", norm, 8), k = g.Linear(name + ".k", norm, 8);
      const ValueId y = g.Attention(name, q, k, g.Linear(name + ".v", norm, 8), 2);
      x = g.Add(name + ".add", g.Reshape(name + ".out", y, {1, 16, 16, 8}), x);
    } else {
      const ValueId expanded = g.Linear(name + ".expand", x, 8 * (2 + i % 5));
      const ValueId middle = g.Depthwise(name + ".depthwise", expanded);
      x = g.Add(name + ".add", g.Linear(name + ".project", middle, 8), x);
    }
  }
  return g.Finish(g.Linear("head", x, 2));
}

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(DeepNetworks, TakeNoMinutesToPlan) {
  const double start = CpuSeconds();
  const Graph graph = DeepNetwork(100);
  const auto kernels = ChooseKernels(graph, CodecRequest::kAuto, Optimize::kRam, 0);
  const auto strips = ChooseStrips(graph, kernels, 0);
  EXPECT_GT(strips.size(), 20u);
  const Plan small = MakePlan(graph, kernels, strips);
  EXPECT_EQ(small.arena_bytes, small.arena_lower_bound_bytes);
  const Graph deeper = DeepNetwork(240);
  const ArenaSpace space = {{{{"dtcm", 16 << 10, true}, {"sram", 1 << 20, false}}}};
  const Plan plan = MakePlan(
      deeper, ChooseKernels(deeper, CodecRequest::kAuto, Optimize::kBalanced, 0), {}, space);
  EXPECT_GT(plan.layers.size(), 1000u);
  EXPECT_LT(CpuSeconds() - start, 60) << "seconds without load, so that only minutes fail";
}

}  // namespace
}  // namespace tinyformer
