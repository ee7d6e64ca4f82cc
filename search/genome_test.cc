#include "search/genome.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/testing_error.h"

namespace tinyformer {
namespace {

TEST(PaperCosts, ReferencePointAMatchesEveryPublishedFigure) {
  PaperCosts costs = ComputePaperCosts(ReferencePointA());
  EXPECT_EQ(costs.weights, 1487876);
  EXPECT_EQ(costs.effective_weights, 731186);
  EXPECT_EQ(costs.stored_bytes, 942040);
  EXPECT_EQ(costs.peak_bytes, 307200);
  EXPECT_NEAR(static_cast<double>(costs.macs), 122.2e6, 0.1e6);
  EXPECT_NEAR(static_cast<double>(costs.effective_macs), 70.4e6, 0.1e6);
}

TEST(Genome, RoundTripsThroughJson) {
  Genome genome = ReferencePointA();
  EXPECT_EQ(ParseGenome(ToJson(genome), "a.json"), genome);
  EXPECT_EQ(ToJson(ParseGenome(ToJson(genome), "a.json")).dump(), ToJson(genome).dump());
}

TEST(Genome, ResidualsAndPlainEncodersRoundTripAndAreListed) {
  Genome genome = ReferencePointA();
  genome.dots[0].residuals = {{{0.5, 2}}, {}};
  genome.dots[1].transformers[0].convs = false;
  EXPECT_EQ(ParseGenome(ToJson(genome), "a.json"), genome);
  std::string names;
  for (const LayerSpec& layer : ListLayers(genome)) names += layer.name + " ";
  EXPECT_EQ(names,
            "dot1.down.conv dot1.res1.conv1 dot1.res1.conv2 dot1.res2.conv1 dot1.res2.conv2 "
            "dot1.mb1.expand dot1.mb1.depthwise dot1.mb1.project dot1.tr1.conv_in dot1.tr1.proj_in "
            "dot1.tr1.ln1 dot1.tr1.q dot1.tr1.k dot1.tr1.v dot1.tr1.out dot1.tr1.ln2 dot1.tr1.mlp1 "
            "dot1.tr1.mlp2 dot1.tr1.proj_out dot1.tr1.conv_out dot2.down.conv dot2.mb1.expand "
            "dot2.mb1.depthwise dot2.mb1.project dot2.tr1.ln1 dot2.tr1.q dot2.tr1.k dot2.tr1.v "
            "dot2.tr1.out dot2.tr1.ln2 dot2.tr1.mlp1 dot2.tr1.mlp2 pool.score last head ");
}

TEST(Genome, AnEncoderWithoutConvolutionsHasNoOuterResidual) {
  Json json = ToJson(ReferencePointA());
  json["dots"][0]["transformers"][0]["convs"] = false;
  json["dots"][0]["transformers"][0]["residual"] = true;
  EXPECT_EQ(ErrorText([&] { ParseGenome(json, "a.json"); }),
            "error[genome/value] a.json: dots[0].transformers[0].residual\n  expected: false where "
            "convs is false\n"
            "  found:    true\n  fix:      correct this value in the genome file");
}

TEST(Genome, FirstConvolutionAndClassifierStayDense) {
  Genome genome = ReferencePointA();
  genome.dots[0].downsample.prune.sparsity = 0.8;
  auto layers = ListLayers(genome);
  EXPECT_EQ(layers.front().sparsity, 0);
  EXPECT_EQ(layers.back().sparsity, 0);
}

TEST(Genome, OfTheZooIsReferencePointA) {
  const char* root = std::getenv("TINYFORMER_SOURCE_DIR");
  const std::string path =
      std::string(root == nullptr ? "." : root) + "/zoo/tinyformer-a.genome.json";
  EXPECT_EQ(ParseGenome(ReadJson(path), path), ReferencePointA());
}

TEST(Genome, BlocksThatDoNotDivideStayDense) {
  Genome genome = ReferencePointA();
  genome.dots[0].dim = 42;
  genome.dots[0].transformers[0].heads = 2;
  for (const LayerSpec& layer : ListLayers(genome)) {
    if (layer.sparsity == 0) continue;
    EXPECT_EQ((layer.kind == LayerSpec::Kind::kDepthwise ? 3 : layer.in) % layer.block, 0)
        << layer.name;
  }
}

TEST(Genome, WrongValuesAreNamed) {
  Json json = ToJson(ReferencePointA());
  json["dots"][0]["transformers"][0]["heads"] = 5;
  EXPECT_EQ(ErrorText([&] { ParseGenome(json, "a.json"); }),
            "error[genome/value] a.json: dots[0].transformers[0].heads\n  expected: a divisor of "
            "the DoT's dim 44\n"
            "  found:    5\n  fix:      correct this value in the genome file");
}

TEST(Genome, UnknownKeysAreNotIgnored) {
  Json json = ToJson(ReferencePointA());
  json["dots"][1]["mobilenets"][0]["ratio"] = 2;
  EXPECT_EQ(ErrorText([&] { ParseGenome(json, "a.json"); }),
            "error[genome/value] a.json: dots[1].mobilenets[0]\n  expected: only the keys block, "
            "expansion, sparsity\n"
            "  found:    key 'ratio'\n  fix:      correct this value in the genome file");
}

TEST(Genome, AnotherVersionIsRefused) {
  Json json = ToJson(ReferencePointA());
  json["version"] = 9;
  EXPECT_EQ(ErrorText([&] { ParseGenome(json, "a.json"); }),
            "error[genome/version] a.json\n  expected: format tinyformer-genome, version 1\n"
            "  found:    format tinyformer-genome, version 9\n  fix:      write the genome with "
            "this program's version");
}

TEST(Genome, InputsThatCannotBeHalvedAreRefused) {
  Json json = ToJson(ReferencePointA());
  json["input"] = {30, 32, 3};
  EXPECT_EQ(ErrorText([&] { ParseGenome(json, "a.json"); }),
            "error[genome/value] a.json: input\n  expected: height and width that divide by 4, the "
            "network's downsampling\n"
            "  found:    30 x 32\n  fix:      correct this value in the genome file");
}

}  // namespace
}  // namespace tinyformer
