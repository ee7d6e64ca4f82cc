#include <gtest/gtest.h>

#include "sim/plugin/attribution.h"
#include "sim/plugin/guard.h"
#include "sim/plugin/memory_monitor.h"

namespace tinyformer::plugin {
namespace {

// Flash 4 KB, two RAM regions that follow each other, and a harness region right behind them.
RunConfig SmallBoard() {
  RunConfig config;
  config.regions = {{"flash", 0x00200000, 4096, false, true, -1, -1},
                    {"ram1", 0x20000000, 256, true, false, -1, -1},
                    {"ram2", 0x20000100, 256, true, false, -1, -1},
                    {"harness", 0x60000000, 4096, true, false, -1, -1}};
  return config;
}

TEST(MemoryMonitor, FollowsTheMapToTheByte) {
  MemoryMonitor memory(SmallBoard());
  EXPECT_TRUE(memory.Allows(0x20000000, 4, true));
  EXPECT_TRUE(memory.Allows(0x200000fe, 4, true));  // across the border of the two
  EXPECT_TRUE(memory.Allows(0x200001fc, 4, false));
  EXPECT_FALSE(memory.Allows(0x200001fd, 4, false));
  EXPECT_FALSE(memory.Allows(0x1fffffff, 1, false));
  EXPECT_TRUE(memory.Allows(0x00200ffc, 4, false));
  EXPECT_FALSE(memory.Allows(0x00200ffc, 4, true));
  EXPECT_TRUE(memory.Allows(0x60000000, 4, true));
  EXPECT_TRUE(memory.Allows(0xe000ed08, 4, true));
  EXPECT_FALSE(memory.Allows(0xfffffffe, 4, false));
}

TEST(MemoryMonitor, OnlyFlashRuns) {
  MemoryMonitor memory(SmallBoard());
  EXPECT_TRUE(memory.AllowsExecution(0x00200ffe, 2));
  EXPECT_FALSE(memory.AllowsExecution(0x00200ffe, 4));
  EXPECT_FALSE(memory.AllowsExecution(0x20000000, 2));
}

TEST(MemoryMonitor, CountsEveryWrittenByteOnce) {
  MemoryMonitor memory(SmallBoard());
  memory.Allows(0x20000010, 4, true);
  memory.Allows(0x20000012, 4, true);
  memory.Allows(0x20000040, 4, false);  // a load
  Part part{"stack", 0x20000000, 0x80};
  EXPECT_EQ(memory.WrittenBytes(part), 6u);
  EXPECT_EQ(memory.LowestWritten(part), 0x20000010u);
  EXPECT_EQ(memory.LowestWritten({"rest", 0x20000080, 8}), 0x20000088u);
}

// Sixteen guarded bytes, markers elsewhere.
Guard SmallGuard() {
  RunConfig config;
  config.guard_marker = 0x20000000;
  config.guarded = {"guarded", 0x20000100, 16};
  return Guard(config);
}

TEST(Guard, StoresSayWhatMayBeDoneWithAByte) {
  Guard guard = SmallGuard();
  guard.Enter(0x20000000 + Guard::kReadable, 0);
  guard.Allows(0x20000101, 2, true);
  guard.Enter(0x20000000 + Guard::kWritable, 0);
  guard.Allows(0x20000103, 1, true);
  EXPECT_TRUE(guard.Allows(0x20000100, 1, false));  // nothing is checked yet
  guard.Enter(0x20000000 + Guard::kCheck, 0);
  EXPECT_FALSE(guard.Allows(0x20000100, 1, false));
  EXPECT_TRUE(guard.Allows(0x20000101, 2, false));
  EXPECT_FALSE(guard.Allows(0x20000101, 1, true));
  EXPECT_TRUE(guard.Allows(0x20000103, 1, true));
  EXPECT_FALSE(guard.Allows(0x20000101, 4, false));
  guard.Enter(0x20000000 + Guard::kClose, 0);
  guard.Allows(0x20000101, 1, true);
  guard.Enter(0x20000000 + Guard::kCheck, 0);
  EXPECT_FALSE(guard.Allows(0x20000101, 1, false));
}

TEST(Guard, CoversAccessesThatReachIn) {
  const Guard guard = SmallGuard();
  EXPECT_FALSE(guard.Covers(0x200000fc, 4));
  EXPECT_TRUE(guard.Covers(0x200000fd, 4));
  EXPECT_TRUE(guard.Covers(0x2000010f, 4));
  EXPECT_FALSE(guard.Covers(0x20000110, 1));
  EXPECT_FALSE(Guard(RunConfig()).IsMarker(0));
}

TEST(Guard, WorkMustBeTheRememberedOne) {
  Guard guard = SmallGuard();
  EXPECT_TRUE(guard.Enter(0x20000000 + Guard::kMeasure, 10));
  EXPECT_TRUE(guard.Enter(0x20000000 + Guard::kClose, 30));
  EXPECT_TRUE(guard.Enter(0x20000000 + Guard::kSame, 100));
  EXPECT_TRUE(guard.Enter(0x20000000 + Guard::kClose, 120));
  EXPECT_TRUE(guard.Enter(0x20000000 + Guard::kSame, 200));
  EXPECT_FALSE(guard.Enter(0x20000000 + Guard::kClose, 221));
  EXPECT_EQ(guard.remembered(), 20u);
  EXPECT_EQ(guard.found(), 21u);
}

TEST(Attribution, BooksToTheLayerThatIsLeft) {
  Attribution book(/*image_markers=*/true);
  book.EnterLayer(3, {5});  // before any image: not counted
  book.EnterImage({10});
  book.EnterLayer(1, {13});
  book.EnterLayer(2, {20});
  book.LeaveImage({24});
  book.Finish({100});
  EXPECT_EQ(book.layers()[0].instructions, 3u);
  EXPECT_EQ(book.layers()[1].instructions, 7u);
  EXPECT_EQ(book.layers()[2].instructions, 4u);
  EXPECT_EQ(book.layers()[3].instructions, 0u);
  EXPECT_EQ(book.images_total().instructions, 14u);
}

TEST(Attribution, KeepsTheSmallestAndTheLargestImage) {
  Attribution book(/*image_markers=*/true);
  for (uint64_t length : {30, 10, 20}) {
    book.EnterImage({1000});
    book.LeaveImage({1000 + length});
  }
  EXPECT_EQ(book.images(), 3u);
  EXPECT_EQ(book.smallest(), 10u);
  EXPECT_EQ(book.largest(), 30u);
}

TEST(Attribution, WithoutImageMarkersTheWholeRunIsOneImage) {
  Attribution book(/*image_markers=*/false);
  book.EnterLayer(1, {40});
  book.Finish({100});
  EXPECT_EQ(book.images(), 1u);
  EXPECT_EQ(book.largest(), 100u);
  EXPECT_EQ(book.layers()[1].instructions, 60u);
}

}  // namespace
}  // namespace tinyformer::plugin
