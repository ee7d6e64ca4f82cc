#include "cli/limit_option.h"

#include <gtest/gtest.h>

#include "base/testing_error.h"

namespace tinyformer {
namespace {

constexpr SearchLimits kBoard = {1048576, 327680, 0};
constexpr uint64_t kClock = 216000000;

TEST(ParseLimits, TakesUnits) {
  EXPECT_EQ(ParseLimits("", kBoard, kClock), kBoard);
  EXPECT_EQ(ParseLimits("flash=980kB,ram=300KiB,latency=500ms", kBoard, kClock),
            (SearchLimits{980000, 307200, 108000000}));
  EXPECT_EQ(ParseLimits("latency=2s,flash=1MiB", kBoard, kClock),
            (SearchLimits{1048576, 327680, 432000000}));
  EXPECT_EQ(ParseLimits("latency=80000000cycles,ram=1000", kBoard, kClock),
            (SearchLimits{1048576, 1000, 80000000}));
  EXPECT_EQ(ParseLimits("flash=0.5MB,ram=64000B", kBoard, kClock),
            (SearchLimits{500000, 64000, 0}));
}

void ExpectRefused(const std::string& text, const std::string& where, const std::string& expected,
                   const std::string& found) {
  EXPECT_EQ(ErrorText([&] { ParseLimits(text, kBoard, kClock); }),
            "error[cli/limit] --limit " + where + "\n  expected: " + expected + "\n  found:    " +
                found + "\n  fix:      write for example --limit flash=980kB,ram=300KiB");
}

TEST(ParseLimits, RefusesWhatItDoesNotKnow) {
  const std::string bytes = "a number of bytes, or with kB, MB, KiB or MiB";
  ExpectRefused("rom=3", "'rom=3'", "flash=, ram= or latency=", "'rom'");
  ExpectRefused("flash", "'flash'", "flash=, ram= or latency=", "'flash'");
  ExpectRefused("ram=1,ram=2", "ram", "each limit once", "ram a second time");
  ExpectRefused("ram=", "ram", bytes, "''");
  ExpectRefused("ram=300KB", "ram", bytes, "'300KB'");
  ExpectRefused("flash=-3", "flash", bytes, "'-3'");
  ExpectRefused("flash=0", "flash", bytes, "'0'");
  ExpectRefused("flash=inf", "flash", bytes, "'inf'");
  ExpectRefused("latency=50", "latency", "a number with its unit: cycles, ms or s", "'50'");
  ExpectRefused("ram=1MiB", "ram", "at most the target's 327680 bytes", "1048576 bytes");
}

TEST(ParseLimits, RefusesALatencyThatNobodyEstimates) {
  EXPECT_EQ(ErrorText([] { ParseLimits("ram=9,latency=1s", kBoard, 0); }),
            "error[cli/limit] --limit latency\n"
            "  expected: a target with a Cortex-M7\n"
            "  found:    another core, whose cycles are not estimated before it is built\n"
            "  fix:      leave latency out, or take another --target");
}

}  // namespace
}  // namespace tinyformer
