#include "sim/score.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace tinyformer {
namespace {

Firmware ThreeClasses() {
  Firmware firmware;
  firmware.output_bytes = 3;
  return firmware;
}

RunResult TwoImages() {
  RunResult run;
  run.images = 2;
  run.outputs = {-5, 7, 7, 100, -128, 127};
  return run;
}

TEST(Score, TheLargestOutputIsTheClassAndTheFirstWins) {
  EXPECT_EQ(PredictedClasses(ThreeClasses(), TwoImages()), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(CountCorrect(ThreeClasses(), TwoImages(), {1, 0}), 1);
  EXPECT_THROW(CountCorrect(ThreeClasses(), TwoImages(), {1}), CheckFailure);
}

TEST(Score, TheFirstDifferentImageIsFound) {
  RunResult other = TwoImages();
  EXPECT_FALSE(FirstDifferentImage(ThreeClasses(), TwoImages(), other));
  other.outputs[3] = 99;
  EXPECT_EQ(FirstDifferentImage(ThreeClasses(), TwoImages(), other), 1);
}

TEST(Score, GuessingIsToldFromKnowing) {
  // 100 images of 10 classes: 10 by chance, with a standard deviation of 3.
  EXPECT_TRUE(LooksLikeGuessing(0, 100, 10));
  EXPECT_TRUE(LooksLikeGuessing(16, 100, 10));
  EXPECT_FALSE(LooksLikeGuessing(17, 100, 10));
  EXPECT_FALSE(LooksLikeGuessing(0, 15, 10));
  EXPECT_TRUE(LooksLikeGuessing(0, 16, 10));
  EXPECT_FALSE(LooksLikeGuessing(16, 16, 1));
}

TEST(Score, TheJsonHasTheDocumentedKeys) {
  RunResult run = TwoImages();
  EXPECT_EQ(RunJson(run, "host", std::nullopt, std::nullopt).dump(),
            "{\"images\":2,\"correct\":null,\"accuracy\":null,\"bit_exact\":null,"
            "\"instructions_min\":null,\"instructions_max\":null,\"cycles_estimate\":null,"
            "\"stack_peak_bytes\":null,\"ram_touched_bytes\":null,\"on\":\"host\"}");
  run.instructions_min = run.instructions_max = 10;
  run.cycles_estimate = 9;
  run.stack_peak_bytes = 100;
  run.ram_touched_bytes = 200;
  EXPECT_EQ(RunJson(run, "emulator", 1, true).dump(),
            "{\"images\":2,\"correct\":1,\"accuracy\":0.5,\"bit_exact\":true,"
            "\"instructions_min\":10,\"instructions_max\":10,\"cycles_estimate\":9,"
            "\"stack_peak_bytes\":100,\"ram_touched_bytes\":200,\"on\":\"emulator\"}");
}

}  // namespace
}  // namespace tinyformer
