#include "search/adjust_space.h"

#include <gtest/gtest.h>

#include "search/read_space.h"
#include "search/testing_samples.h"

namespace tinyformer {
namespace {

TEST(AdjustByPaper, IsEquationsOneToThree) {
  SearchSpace space = FindSpace("paper");
  SpaceAnalysis analysis;
  analysis.samples = 100;
  analysis.fitting = 100;
  analysis.accepted = 50;  // k = 0.6
  analysis.least_fitting_parameters = 1000;
  analysis.most_fitting_parameters = 3000;
  analysis.mean_fitting_parameters = 1500;  // a quarter of the range
  // DoT 1: mean 38, b = 32 + 3 = 35: 35 -+ 3.6 -> 31.4, 38.6 -> 31, 39 -> 32, 40.
  // DoT 2: mean 168, b = 96 + 40 = 136: -43.2, -24, +14.4, +52.8 -> 93, 112, 150, 189.
  // Last: mean 768, b = 512 + 128 = 640: 486, 640, 794.
  const SearchSpace adjusted = AdjustByPaper(space, analysis);
  EXPECT_EQ(DescribeChanges(space, adjusted),
            "dims of DoT 1: 32, 44 -> 32, 40\n"
            "dims of DoT 2: 96, 128, 192, 256 -> 92, 112, 152, 188\n"
            "last_linear: 512, 768, 1024 -> 488, 640, 796\n");
  EXPECT_EQ(ParseSpace(SpaceText(adjusted), "paper"), adjusted);
  analysis.fitting = 0;
  EXPECT_EQ(AdjustByPaper(space, analysis), space);
}

TEST(AdjustByBisection, MakesSmallLargeAndPaperFit) {
  for (const char* name : {"small", "large", "paper"}) {
    const SearchSpace before = FindSpace(name);
    const auto analyse = [](const SearchSpace& space) {
      return AnalyseSpace(PaperSamples(space, 300), kPaperLimits);
    };
    const AnalysedSpace after = AdjustByBisection(before, analyse);
    EXPECT_TRUE(after.analysis.Accepted()) << name;
    EXPECT_NE(DescribeChanges(before, after.space), "") << name;
    EXPECT_EQ(ParseSpace(SpaceText(after.space), name), after.space) << name;
    for (const DotSpace& dot : after.space.dots)
      for (int dim : dot.dims) EXPECT_EQ(dim % 4, 0) << name;
  }
}

TEST(AdjustByBisection, LeavesAnAcceptedSpaceAndReturnsTheBestOfHopelessOnes) {
  int calls = 0;
  const auto analyse = [&](const SearchSpace& space) {
    ++calls;
    return AnalyseSpace(PaperSamples(space, 100), kPaperLimits);
  };
  const SearchSpace normal = FindSpace("normal");
  EXPECT_EQ(AdjustByBisection(normal, analyse).space, normal);
  EXPECT_EQ(calls, 1);
  const AnalysedSpace none = AdjustByBisection(normal, [&](const SearchSpace& space) {
    return AnalyseSpace(PaperSamples(space, 20), {1000, 1000, 0});
  });
  EXPECT_FALSE(none.analysis.Accepted());
}

TEST(AdjustByBisection, KeepsDimsThatHeadsDivide) {
  SearchSpace space = FindSpace("small");
  for (DotSpace& dot : space.dots) dot.heads = {1, 6};
  space.dots[0].dims = {24, 36};
  const SearchSpace after = AdjustByBisection(space, [](const SearchSpace& s) {
                              return AnalyseSpace(PaperSamples(s, 100), kPaperLimits);
                            }).space;
  EXPECT_NE(after, space);
  for (const DotSpace& dot : after.dots)
    for (int dim : dot.dims) EXPECT_EQ(dim % 12, 0);
}

}  // namespace
}  // namespace tinyformer
