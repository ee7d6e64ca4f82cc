#include "cli/candidate_prices.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {
namespace {

// In a process of its own: the signal stays.
TEST(CandidatePrices, AreEndedByAnInterrupt) {
  const Board board = FindBoard("stm32f746");
  const PriceFunction price = CandidatePrices(board, CandidateLimits(board, ""));
  EXPECT_GT(price(ReferencePointA()).flash_bytes, 0);
  EXPECT_EXIT(
      {
        CatchInterrupts();
        std::raise(SIGTERM);
        try {
          price(ReferencePointA());
        } catch (const Interrupted&) {
          std::_Exit(130);
        }
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(CandidatePrices, AreThoseOfAPlanWithinTheLimit) {
  const Board board = FindBoard("stm32f746");
  const auto price = [&](const std::string& limit) {
    return CandidatePrices(board, CandidateLimits(board, limit))(ReferencePointA());
  };
  const ResourceUse all = price(""), little = price("ram=72KiB");
  EXPECT_GT(all.sram_peak_bytes, 72 * 1024);
  EXPECT_LE(little.sram_peak_bytes, 72 * 1024);
  EXPECT_GT(little.cycles, all.cycles);  // strips are computed twice at their edges
}

}  // namespace
}  // namespace tinyformer
