#include "bench/search_costs/compare_costs.h"

#include <gtest/gtest.h>

#include "cli/target_limits.h"
#include "search/read_space.h"

namespace tinyformer::bench {
namespace {

PlanOptions OptionsFor(const Board& board) {
  PlanOptions options;
  options.target = LimitsOf(board);
  return options;
}

void ExpectLinked(const std::vector<LinkedCandidate>& candidates) {
  for (const LinkedCandidate& one : candidates) {
    EXPECT_EQ(one.price.sram_peak_bytes, static_cast<int64_t>(one.linked.ram_bytes));
    EXPECT_EQ(one.price.weight_bytes, static_cast<int64_t>(one.linked.weight_bytes));
    EXPECT_GE(one.FlashError(), 0);
    EXPECT_LE(one.FlashError(), 2000);
  }
}

TEST(LinkCandidates, PricesAreThoseOfTheFirmware) {
  const Board board = FindBoard("stm32f746");
  ExpectLinked(LinkCandidates(FindSpace("tiny"), board, INT64_MAX, 5, 0));
  ExpectLinked(LinkCandidates(FindSpace("paper"), board, INT64_MAX, 1, 0));
}

TEST(LinkCandidates, StripsAreInThePrice) {
  const auto candidates = LinkCandidates(FindSpace("tiny"), FindBoard("stm32f746"), 22000, 3, 0);
  ExpectLinked(candidates);
  EXPECT_TRUE(std::any_of(candidates.begin(), candidates.end(),
                          [](const LinkedCandidate& one) { return one.strips > 0; }));
}

TEST(RequireValid, HoldsForRandomCandidates) {
  const PlanOptions options = OptionsFor(FindBoard("stm32f746"));
  for (const std::string& name : SpaceNames()) RequireValid(FindSpace(name), options, 0, 100);
}

TEST(ComparePrices, FindsNoDifference) {
  EXPECT_EQ(ComparePrices(FindSpace("tiny"), OptionsFor(FindBoard("stm32h743")), 10).different, 0);
}

}  // namespace
}  // namespace tinyformer::bench
