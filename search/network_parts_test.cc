#include "search/network_parts.h"

#include <gtest/gtest.h>

#include "search/read_space.h"
#include "search/supernet.h"

namespace tinyformer {
namespace {

TEST(NetworkParts, OfReferencePointAHaveItsShapesAndChoices) {
  const std::vector<NetworkPart> parts = ListParts(ReferencePointA());
  std::vector<std::string> texts;
  for (const NetworkPart& part : parts) {
    texts.push_back(part.name + " " + part.choice + " ->");
    for (int side : part.output) texts.back() += " " + std::to_string(side);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "dot1.down conv 3x3, max pooling -> 16 16 44",
                       "dot1.mb1 expansion 4 -> 16 16 44",
                       "dot1.tr1 4 heads, MLP ratio 2 -> 16 16 44",
                       "dot2.down conv 3x3, max pooling -> 8 8 192",
                       "dot2.mb1 expansion 2 -> 8 8 192",
                       "dot2.tr1 4 heads, MLP ratio 2 -> 8 8 192",
                       "pool by attention (SeqPool) -> 192",
                       "last 768 wide, ReLU -> 768",
                       "head linear -> 10",
                   }));
  EXPECT_EQ(parts[2].prune.sparsity, 0.7);
}

TEST(NetworkParts, HoldEveryLayerAndFitTogether) {
  const SearchSpace space = FindSpace("wide");
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, "parts");
    const Candidate candidate = RandomCandidate(space, rng);
    const Genome genome =
        MakeGenome(space, MakeSupernet(space, candidate.supernet), candidate.path, {});
    const std::vector<NetworkPart> parts = ListParts(genome);
    std::vector<std::string> listed, held;
    for (const LayerSpec& layer : ListLayers(genome)) listed.push_back(layer.name);
    for (const NetworkPart& part : parts) {
      for (const LayerSpec& layer : part.layers) held.push_back(layer.name);
    }
    EXPECT_EQ(held, listed) << "seed " << seed;
    for (const LayerSpec& layer : ListLayers(genome)) {
      if (layer.name == "last") {
        EXPECT_EQ(parts[parts.size() - 3].output.back(), layer.in) << seed;
      }
      if (layer.name == "head") {
        EXPECT_EQ(parts.back().output.back(), layer.out) << seed;
      }
    }
  }
}

}  // namespace
}  // namespace tinyformer
