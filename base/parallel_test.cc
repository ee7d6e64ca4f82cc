#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {
namespace {

TEST(ParallelFor, CallsEveryIndexOnceForAnyNumberOfThreads) {
  for (int threads : {0, 1, 2, 7}) {
    for (int64_t count : {0, 1, 2, 100}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(count));
      ParallelFor(count, threads, [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
      for (const std::atomic<int>& called : calls) EXPECT_EQ(called, 1);
    }
  }
}

TEST(ParallelFor, ThrowsWhatTheSmallestIndexThrew) {
  for (int threads : {1, 2, 4}) {
    for (int repeat = 0; repeat < 50; ++repeat) {
      const auto work = [](int64_t i) {
        if (i >= 10) throw std::runtime_error(std::to_string(i));
      };
      try {
        ParallelFor(1000, threads, work);
        FAIL() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "10");
      }
    }
  }
}

// In a process of its own: the signal stays.
TEST(ParallelFor, WorkThatAnInterruptLeftOutIsNotTakenForDone) {
  EXPECT_EXIT(
      {
        CatchInterrupts();
        std::optional<HoldInterrupts> held;
        std::atomic<bool> both = false;
        try {
          ParallelFor(1000, 2, [&](int64_t i) {
            if (i == 10) {
              while (!both) std::this_thread::yield();
              std::raise(SIGTERM);
            }
            if (i != 11) return;
            both = true;
            while (!InterruptRequested()) std::this_thread::yield();
            std::this_thread::sleep_for(
                std::chrono::milliseconds(50));  // the other one has seen it
            held.emplace();
          });
        } catch (const Interrupted&) {
          std::_Exit(130);
        }
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(ParallelFor, LeavesOutTheRestAfterAFailure) {
  std::atomic<int64_t> calls = 0;
  EXPECT_THROW(ParallelFor(1'000'000, 4,
                           [&](int64_t) {
                             ++calls;
                             throw std::runtime_error("at once");
                           }),
               std::runtime_error);
  EXPECT_LE(calls, 4);
}

}  // namespace
}  // namespace tinyformer
