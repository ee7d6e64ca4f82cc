// Built only when TINYFORMER_CIFAR10 names a folder with the published files (see CMakeLists.txt).
#include <gtest/gtest.h>

#include <cstdlib>

#include "data/data_tool.h"

namespace tinyformer {
namespace {

std::string Spec() {
  const char* folder = std::getenv("TINYFORMER_CIFAR10");
  return std::string("cifar10:") + (folder == nullptr ? "" : folder);
}

TEST(RealCifar10, IsThePublishedOne) {
  Json report = VerifyDataset(Spec());
  EXPECT_EQ(report.at("ok"), true);
  EXPECT_EQ(report.at("official"), true);
  EXPECT_TRUE(report.at("findings").empty()) << report.at("findings").dump();
}

TEST(RealCifar10, SplitsInto45000And5000WithTheKnownMean) {
  Json info = DatasetInfoJson(Spec());
  EXPECT_EQ(info.at("train_images"), 45000);
  EXPECT_EQ(info.at("validation_images"), 5000);
  EXPECT_EQ(info.at("test_images"), 10000);
  for (const Json& entry : info.at("classes")) EXPECT_EQ(entry.at("validation"), 500);
  // 0.4914, 0.4822, 0.4465 over all 50,000, as published widely; a tenth is missing here.
  EXPECT_NEAR(info.at("mean").at(0).get<double>(), 0.4914, 0.001);
  EXPECT_NEAR(info.at("mean").at(1).get<double>(), 0.4822, 0.001);
  EXPECT_NEAR(info.at("mean").at(2).get<double>(), 0.4465, 0.001);
}

}  // namespace
}  // namespace tinyformer
