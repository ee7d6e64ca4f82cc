#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

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
