#include "search/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/read_space.h"
#include "search/testing_samples.h"

namespace tinyformer {
namespace {

using ::testing::ElementsAre;

SpaceAnalysis Analyse(const SearchSpace& space) {
  return AnalyseSpace(PaperSamples(space), kPaperLimits);
}

PricedCandidate Priced(int64_t parameters, int64_t flash, int64_t ram, int64_t cycles) {
  return {{}, parameters, {flash, ram, 0, 0, cycles}};
}

TEST(AnalyseSpace, CountsWhatAlgorithmOneCounts) {
  const SearchLimits limits = {1000, 100, 10};
  const SpaceAnalysis a =
      AnalyseSpace({Priced(500, 400, 50, 5),                                 // fits, below the band
                    Priced(800, 600, 50, 10),                                // fits, within
                    Priced(2800, 1000, 100, 5),                              // fits, within
                    Priced(2801, 900, 50, 5),                                // fits, above
                    Priced(2000, 1001, 50, 5),                               // flash alone
                    Priced(2000, 1001, 101, 11), Priced(900, 900, 101, 5)},  // RAM alone
                   limits);
  EXPECT_EQ(a.samples, 7);
  EXPECT_EQ(a.fitting, 4);
  EXPECT_EQ(a.accepted, 2);
  EXPECT_EQ(a.Acceptance(), 0.5);
  EXPECT_EQ(a.below_band, 1);
  EXPECT_EQ(a.above_band, 1);
  EXPECT_DOUBLE_EQ(a.BandShare(), 5.0 / 7);
  EXPECT_EQ(a.flash.all, 2);
  EXPECT_EQ(a.flash.alone, 1);
  EXPECT_EQ(a.ram.all, 2);
  EXPECT_EQ(a.ram.alone, 1);
  EXPECT_EQ(a.latency.all, 1);
  EXPECT_EQ(a.latency.alone, 0);
  EXPECT_THAT(a.parameters, ElementsAre(500, 800, 2000, 2000, 2801));
  EXPECT_EQ(a.least_fitting_parameters, 500);
  EXPECT_EQ(a.most_fitting_parameters, 2801);
  EXPECT_DOUBLE_EQ(a.mean_fitting_parameters, (500 + 800 + 2800 + 2801) / 4.0);
  EXPECT_EQ(a.bin_width, 2801 / 40 + 1);
  EXPECT_EQ(a.parameter_bins[static_cast<size_t>(2000 / a.bin_width)], 2);
  EXPECT_EQ(a.fitting_parameter_bins[static_cast<size_t>(2000 / a.bin_width)], 0);
}

TEST(AnalyseSpace, OfNothingThatFitsAcceptsNothing) {
  const SpaceAnalysis a = AnalyseSpace({Priced(900, 2000, 1, 1)}, {1000, 100, 0});
  EXPECT_EQ(a.fitting, 0);
  EXPECT_EQ(a.Acceptance(), 0);
  EXPECT_EQ(a.BandShare(), 1);
  EXPECT_FALSE(a.Accepted());
}

TEST(SampleSpace, IsAFunctionOfSeedAndIndex) {
  const SearchSpace space = FindSpace("tiny");
  const auto first = SampleSpace(space, {}, UseByPaper, 20, 1);
  const auto longer = SampleSpace(space, {}, UseByPaper, 30, 1);
  const auto other = SampleSpace(space, {}, UseByPaper, 20, 2);
  bool equal = true;
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(first[i].candidate, longer[i].candidate);
    equal &= first[i].candidate == other[i].candidate;
  }
  EXPECT_FALSE(equal);
}

// Fig. 9a: "only normal space has acceptance probability higher than 90 %. The small and large
// space has an acceptance probability less than 30 %."
TEST(AnalyseSpace, OfThePapersThreeSpacesGivesItsPicture) {
  const SpaceAnalysis small = Analyse(FindSpace("small")), normal = Analyse(FindSpace("normal")),
                      large = Analyse(FindSpace("large"));
  EXPECT_TRUE(normal.Accepted());
  EXPECT_LT(small.Score(), 0.3);
  EXPECT_LT(large.Score(), 0.3);
  // Its ranges: 0.3 to 1 M, 0.6 to 3 M, 1.3 to 10 M.
  EXPECT_NEAR(static_cast<double>(small.parameters[0]), 0.3e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(small.parameters[4]), 1e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(normal.parameters[0]), 0.6e6, 0.1e6);
  EXPECT_NEAR(static_cast<double>(normal.parameters[4]), 3e6, 0.1e6);
  EXPECT_NEAR(static_cast<double>(large.parameters[0]), 1.3e6, 0.2e6);
  EXPECT_NEAR(static_cast<double>(large.parameters[4]), 10e6, 0.6e6);
  // Why the count of Alg. 1 cannot be all: what fits of the large space lies within the band.
  EXPECT_GT(large.Acceptance(), 0.9);
  EXPECT_LT(static_cast<double>(large.fitting), 0.1 * static_cast<double>(large.samples));
}

TEST(ToJson, HasCountsBandAndHistogram) {
  const Json json = ToJson(Analyse(FindSpace("tiny")));
  EXPECT_EQ(json["samples"], 1000);
  EXPECT_EQ(json["histogram"]["all"].size(), 40u);
  EXPECT_EQ(json["band"], Json({784000, 2744000}));
  EXPECT_EQ(json["space_accepted"], false);
}

TEST(FindNearest, ReachesWhatTheSamplesMissed) {
  const SearchSpace space = FindSpace("normal");
  const auto samples = PaperSamples(space, 50);
  const SearchLimits limits = {330000, 307200, 0};  // few networks
  ASSERT_EQ(AnalyseSpace(samples, limits).fitting, 0);
  const PricedCandidate nearest = FindNearest(space, samples, limits, {}, UseByPaper, 2000, 1);
  EXPECT_TRUE(Fits(nearest.use, limits)) << nearest.use.flash_bytes;
  const PricedCandidate again = FindNearest(space, samples, limits, {}, UseByPaper, 2000, 1);
  EXPECT_EQ(nearest.candidate, again.candidate);
}

TEST(FindNearest, ComesNearToImpossibleLimits) {
  const SearchSpace space = FindSpace("normal");
  const auto samples = PaperSamples(space, 50);
  const SearchLimits limits = {1000, 1000, 1000};
  const PricedCandidate nearest = FindNearest(space, samples, limits, {}, UseByPaper, 300, 1);
  EXPECT_FALSE(Fits(nearest.use, limits));
  for (const PricedCandidate& one : samples)
    EXPECT_LE(LargestShare(nearest.use, limits), LargestShare(one.use, limits));
}

}  // namespace
}  // namespace tinyformer
