#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/temporary_folder.h"
#include "bench/cycle_model/checks.h"

namespace tinyformer::bench {
namespace {

TEST(CycleModel, AgreesWithThePublishedSequences) {
  TemporaryFolder work;
  for (const CheckRow& row : CheckSequences(FindBoard("stm32f746"), work.path())) {
    double tolerance = row.name == "byte stores, stride one" ? 0.2 : 0.05;
    EXPECT_LT(std::abs(row.Error()), tolerance) << row.name << ": " << row.modelled;
  }
}

TEST(CycleModel, PairsAboutAsOftenAsControlHeavyCodeDoes) {
  TemporaryFolder work;
  const char* root = std::getenv("TINYFORMER_SOURCE_DIR");
  std::string sources = std::string(root ? root : ".") + "/bench/cycle_model";
  std::vector<CheckRow> rows = CheckMixedProgram(FindBoard("stm32f746"), sources, work.path());
  // For comparison, CoreMark at 3.86 per MHz and 291 k instructions an iteration runs at 1.12
  // instructions a cycle.
  EXPECT_NEAR(rows.at(0).modelled, 1.12, 0.4);
}

}  // namespace
}  // namespace tinyformer::bench
