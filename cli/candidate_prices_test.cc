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
  const PriceFunction price = CandidatePrices(FindBoard("stm32f746"));
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

}  // namespace
}  // namespace tinyformer
