#include "search/supernet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/testing_error.h"
#include "search/read_space.h"

namespace tinyformer {
namespace {

constexpr int kGenomes = 100000;

// The point where these axes have these values, and the others their first.
Point PointAt(const std::vector<Axis>& axes, const std::map<std::string, Json>& values) {
  Point point;
  for (const Axis& axis : axes) {
    const auto wanted = values.find(axis.name);
    const auto at = wanted == values.end()
                        ? axis.values.begin()
                        : std::find(axis.values.begin(), axis.values.end(), wanted->second);
    EXPECT_NE(at, axis.values.end()) << axis.name;
    point.push_back(static_cast<int>(at - axis.values.begin()));
  }
  return point;
}

TEST(MakeGenome, ReferencePointAIsInThePaperSpace) {
  const SearchSpace paper = FindSpace("paper");
  const SupernetConfig supernet =
      MakeSupernet(paper, PointAt(SupernetAxes(paper), {{"dot1.dim", 44},
                                                        {"dot1.mobilenets", 1},
                                                        {"dot1.transformers", 1},
                                                        {"dot1.heads", 4},
                                                        {"dot2.dim", 192},
                                                        {"dot2.mobilenets", 1},
                                                        {"dot2.transformers", 1},
                                                        {"dot2.heads", 4},
                                                        {"last_linear", 768}}));
  Genome genome = MakeGenome(paper, supernet,
                             PointAt(PathAxes(paper, supernet), {{"dot1.down.kind", "conv_maxpool"},
                                                                 {"dot1.mb1.expansion", 4},
                                                                 {"dot1.mb1.sparsity", 0.5},
                                                                 {"dot1.mb1.block", 2},
                                                                 {"dot1.tr1.mlp_ratio", 2},
                                                                 {"dot1.tr1.residual", false},
                                                                 {"dot1.tr1.sparsity", 0.7},
                                                                 {"dot1.tr1.block", 4},
                                                                 {"dot2.down.kind", "conv_maxpool"},
                                                                 {"dot2.down.sparsity", 0.0},
                                                                 {"dot2.mb1.expansion", 2},
                                                                 {"dot2.mb1.sparsity", 0.7},
                                                                 {"dot2.mb1.block", 4},
                                                                 {"dot2.tr1.mlp_ratio", 2},
                                                                 {"dot2.tr1.residual", false},
                                                                 {"dot2.tr1.sparsity", 0.5},
                                                                 {"dot2.tr1.block", 4},
                                                                 {"pooling", "seqpool"},
                                                                 {"last.sparsity", 0.6},
                                                                 {"last.block", 2}}),
                             ImageTask());
  genome.name = "tinyformer-a";
  EXPECT_EQ(genome, ReferencePointA());
  EXPECT_EQ(ComputePaperCosts(genome).stored_bytes, 942040);
}

TEST(PathAxes, AreNamedAfterTheChoiceModules) {
  SearchSpace space = FindSpace("tiny");
  std::vector<std::string> names;
  for (const Axis& axis : PathAxes(space, {0, {{8, 1, 0, 1}, {16, 0, 1, 2}}, 32}))
    names.push_back(axis.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "dot1.down.kind", "dot1.down.sparsity", "dot1.down.block", "dot1.mb1.expansion",
                "dot1.mb1.sparsity", "dot1.mb1.block", "dot2.down.kind", "dot2.down.sparsity",
                "dot2.down.block", "dot2.tr1.mlp_ratio", "dot2.tr1.residual", "dot2.tr1.sparsity",
                "dot2.tr1.block", "pooling", "last.sparsity", "last.block"}));
}

TEST(MakeGenome, LeavesAConvolutionOnTheImageDense) {
  const SearchSpace space = FindSpace("wide");
  SupernetConfig supernet{0, {{24, 0, 0, 1}, {64, 0, 0, 1}}, 128};
  Rng rng(1, "paths");
  for (int i = 0; i < 200; ++i) {
    const std::vector<Axis> axes = PathAxes(space, supernet);
    const Genome genome = MakeGenome(space, supernet, RandomPoint(axes, rng), {});
    if (genome.dots[0].downsample.kind == "inverted_residual") continue;
    EXPECT_EQ(genome.dots[0].downsample.prune, PrunePolicy());
  }
  supernet.stem = 16;  // now it is not on the image
  EXPECT_FALSE(PathAxes(space, supernet)[1].idle_at.has_value());
}

// The promise of the search: everything that it may try is a valid network, and every step leads to
// another one.
TEST(SearchSpaces, HoldOnlyValidNetworksAndEveryStepLeadsToAnother) {
  constexpr int kSupernets = 400;
  const std::vector<std::string> names = SpaceNames();
  const int paths = kGenomes / kSupernets / static_cast<int>(names.size()) + 1;
  int genomes = 0;
  for (const std::string& name : names) {
    const SearchSpace space = FindSpace(name);
    const std::vector<Axis> supernet_axes = SupernetAxes(space);
    for (uint64_t seed = 0; seed < kSupernets; ++seed) {
      SCOPED_TRACE(name + " seed " + std::to_string(seed));
      Rng rng(seed, "networks");
      const Point supernet = RandomPoint(supernet_axes, rng);
      const SupernetConfig config = MakeSupernet(space, supernet);
      ASSERT_NE(Mutate(supernet_axes, supernet, 0.1, rng), supernet);
      const std::vector<Axis> axes = PathAxes(space, config);
      Point before = RandomPoint(axes, rng);
      Genome genome_before = MakeGenome(space, config, before, {});
      for (int i = 0; i < paths; ++i) {
        const Point path = i % 2 == 0 ? RandomPoint(axes, rng) : Mutate(axes, before, 0.1, rng);
        const Genome genome = MakeGenome(space, config, path, {});
        ASSERT_EQ(ParseGenome(ToJson(genome), "genome"), genome);
        if (i % 2 == 1) {
          ASSERT_NE(genome, genome_before);
        }
        genome_before = genome;
        before = path;
        ++genomes;
      }
    }
  }
  EXPECT_GE(genomes, kGenomes);
}

// CountNetworks is a formula; here the same by listing all supernets.
double CountByListing(const SearchSpace& space) {
  const std::vector<Axis> axes = SupernetAxes(space);
  double total = 0;
  Point point(axes.size(), 0);
  for (size_t i = 0; i < axes.size();) {
    if (IsPointOf(axes, point)) total += CountPoints(PathAxes(space, MakeSupernet(space, point)));
    for (i = 0; i < axes.size(); ++i) {
      if (++point[i] < static_cast<int>(axes[i].values.size())) break;
      point[i] = 0;
    }
  }
  return total;
}

TEST(CountNetworks, EqualsTheSumOverAllSupernets) {
  const auto ratio = [](const SearchSpace& s) { return CountNetworks(s) / CountByListing(s); };
  SearchSpace space = FindSpace("tiny");
  EXPECT_NEAR(ratio(space), 1, 1e-9);
  space.stem = {0, 8};
  space.sparsity = {0.5, 0.6};
  space.downsample.push_back("inverted_residual");
  space.dots[1].transformers = {1, 2};
  EXPECT_NEAR(ratio(space), 1, 1e-9);
  EXPECT_NEAR(ratio(FindSpace("paper")), 1, 1e-9);
}

TEST(RequireImagesFit, NamesTheSidesThatSuit) {
  const SearchSpace paper = FindSpace("paper");
  RequireImagesFit(paper, {32, 32, 3, 10}, "cifar10:x");
  EXPECT_EQ(ErrorText([&] {
              RequireImagesFit(paper, {28, 28, 1, 10}, "folder:digits");
            }),
            "error[space/images] folder:digits\n"
            "  expected: images whose height and width are from 8 to 512 and divide by 8, the "
            "downsampling of space paper\n"
            "  found:    28 x 28\n"
            "  fix:      take a space with fewer DoTs or without average pooling, or resize the "
            "images");
  EXPECT_EQ(ErrorText([&] {
              RequireImagesFit(paper, {32, 32, 3, 1}, "folder:one");
            }),
            "error[space/images] folder:one\n"
            "  expected: images of 1 to 16 channels in 2 to 4096 classes\n"
            "  found:    3 channels, 1 classes\n"
            "  fix:      take another data set");
  SearchSpace space = paper;
  space.pooling = {"seqpool"};
  RequireImagesFit(space, {28, 28, 1, 10}, "folder:digits");
  EXPECT_EQ(ErrorText([&] {
              RequireImagesFit(space, {32, 30, 1, 10}, "folder:digits");
            }),
            "error[space/images] folder:digits\n"
            "  expected: images whose height and width are from 8 to 512 and divide by 4, the "
            "downsampling of space paper\n"
            "  found:    32 x 30\n"
            "  fix:      take a space with fewer DoTs, or resize the images");
}

}  // namespace
}  // namespace tinyformer
