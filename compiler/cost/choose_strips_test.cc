#include "compiler/cost/choose_strips.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tinyformer
