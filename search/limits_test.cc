#include "search/limits.h"

#include <gtest/gtest.h>

namespace tinyformer {
namespace {

constexpr SearchLimits kBoard = {1048576, 327680, 0};

TEST(Fits, AsksEveryLimit) {
  const SearchLimits limits = {100, 50, 10};
  EXPECT_TRUE(Fits({100, 50, 0, 0, 10}, limits));
  EXPECT_FALSE(Fits({101, 50, 0, 0, 10}, limits));
  EXPECT_FALSE(Fits({100, 51, 0, 0, 10}, limits));
  EXPECT_FALSE(Fits({100, 50, 0, 0, 11}, limits));
  EXPECT_TRUE(Fits({100, 50, 0, 0, 11}, {100, 50, 0}));
}

TEST(LargestShare, IsAtMostOneWhenAllFits) {
  EXPECT_EQ(LargestShare({50, 25, 0, 0, 5}, {100, 50, 10}), 0.5);
  EXPECT_EQ(LargestShare({50, 25, 0, 0, 20}, {100, 50, 10}), 2);
  EXPECT_EQ(LargestShare({50, 25, 0, 0, 20}, {100, 50, 0}), 0.5);
}

TEST(SearchLimits, AreNullWhereAnyNumberIsAllowed) {
  EXPECT_EQ(ToJson(kBoard).dump(), R"({"flash_bytes":1048576,"ram_bytes":327680,"cycles":null})");
  EXPECT_EQ(ToJson(SearchLimits{1, 2, 3}).dump(), R"({"flash_bytes":1,"ram_bytes":2,"cycles":3})");
}

}  // namespace
}  // namespace tinyformer
