#include "search/costs.h"

#include <gtest/gtest.h>

#include "compiler/quantize/calibrate.h"
#include "search/blocks.h"
#include "search/network.h"
#include "search/priced_graph.h"
#include "search/read_space.h"
#include "search/testing_costs.h"

namespace tinyformer {
namespace {

PlanOptions Stm32f746() {
  PlanOptions options;
  options.target = {"stm32f746", 1048576, 327680, 8192, ""};
  options.target.arena.blocks = {{{"dtcm", 56832, true}, {"sram", 262144, false}}};
  return options;
}

PlanOptions Stm32h743() {
  PlanOptions options = Stm32f746();
  options.target.flash_bytes = 2097152;
  options.target.ram_bytes = 655360;
  options.target.arena.blocks = {{{"dtcm", 122368, true}}, {{"axi", 524288, false}}};
  return options;
}

// RAM that only strips of rows bring most networks to.
PlanOptions LittleRam() {
  PlanOptions options = Stm32f746();
  options.target.ram_bytes = 65536;
  return options;
}

void ExpectEqual(const ResourceUse& price, const ResourceUse& exact) {
  EXPECT_EQ(price.flash_bytes, exact.flash_bytes);
  EXPECT_EQ(price.sram_peak_bytes, exact.sram_peak_bytes);
  EXPECT_EQ(price.macs, exact.macs);
  EXPECT_EQ(price.effective_macs, exact.effective_macs);
  EXPECT_EQ(price.cycles, exact.cycles);
  EXPECT_TRUE(price == exact);
}

TEST(PriceGenome, IsWhatCompileSaysOfAGraphWithCanonicalMasks) {
  const std::vector<PlanOptions> targets = {Stm32f746(), Stm32h743(), LittleRam()};
  for (const char* name : {"paper", "wide", "tiny"}) {
    const SearchSpace space = FindSpace(name);
    for (uint64_t index = 0; index < 4; ++index) {
      const Genome genome = RandomGenome(space, index);
      SCOPED_TRACE(name + std::to_string(index) + ToJson(genome).dump());
      const Graph graph = QuantizedNetwork(genome, CanonicalWeights(genome, index));
      for (const PlanOptions& options : targets)
        ExpectEqual(PriceGenome(genome, options), PriceGraph(graph, options));
    }
  }
}

TEST(PriceGenome, HoldsForEveryAimOfTheCompiler) {
  const Genome genome = RandomGenome(FindSpace("tiny"), 7);
  const Graph graph = QuantizedNetwork(genome, CanonicalWeights(genome, 7));
  for (const Optimize optimize :
       {Optimize::kBalanced, Optimize::kSpeed, Optimize::kSize, Optimize::kRam}) {
    PlanOptions options = Stm32f746();
    options.optimize = optimize;
    ExpectEqual(PriceGenome(genome, options), PriceGraph(graph, options));
  }
}

TEST(PriceGenome, HoldsForACalibratedNetwork) {
  const Genome genome = ReferencePointA();
  const Graph network = BuildGraph(genome, CanonicalWeights(genome, 1), "weights");
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  const CalibrationImages images = {1, [](int64_t index, float* input) {
                                      Rng rng(static_cast<uint64_t>(index), "image");
                                      for (int i = 0; i < 32 * 32 * 3; ++i)
                                        input[i] = static_cast<float>(rng.Normal());
                                    }};
  const Graph graph = QuantizeGraph(Lower(Calibrate(network, images, options)));
  ExpectEqual(PriceGenome(genome, Stm32f746()), PriceGraph(graph, Stm32f746()));
}

TEST(PriceGenome, CountsOfReferencePointAAreThePapers) {
  const Genome genome = ReferencePointA();
  int64_t weights = 0, kept = 0;
  for (const LayerSpec& layer : ListLayers(genome)) {
    weights += layer.weights;
    kept += layer.weights -
            (layer.sparsity > 0 ? PrunedBlocks(layer, layer.sparsity) * layer.block : 0);
  }
  EXPECT_EQ(weights, 1487876);
  EXPECT_EQ(kept, 731184);  // 731,186 with parts of blocks
  EXPECT_EQ(PriceGenome(genome, Stm32f746()).macs, ComputePaperCosts(genome).macs);
}

TEST(PriceGenome, RemembersLayersWithoutMixingThemUp) {
  GenomePricer pricer(Stm32f746());
  const SearchSpace space = FindSpace("tiny");
  std::vector<ResourceUse> first;
  for (uint64_t index = 0; index < 50; ++index)
    first.push_back(pricer.Price(RandomGenome(space, index)));
  for (uint64_t index = 50; index-- > 0;) {
    const Genome genome = RandomGenome(space, index);
    ExpectEqual(pricer.Price(genome), first[index]);
    ExpectEqual(PriceGenome(genome, Stm32f746()), first[index]);
  }
}

TEST(PriceGenome, EveryNetworkOfASpaceIsAValidGraph) {
  for (const std::string& name : SpaceNames()) {
    const SearchSpace space = FindSpace(name);
    for (uint64_t index = 0; index < 100; ++index) {
      const Genome genome = RandomGenome(space, index);
      Graph graph = BuildPricedGraph(genome, LayersByName(genome));
      for (Value& value : graph.values) {
        if (value.is_constant())
          value.data->resize(
              static_cast<size_t>(ElementCount(value.shape) * DTypeBytes(value.type)));
      }
      Verify(graph, name + std::to_string(index));
    }
  }
}

TEST(PriceGenome, WhatABlockOfRamLacksCountsAboveTheBoardsRam) {
  const Genome genome = ReferencePointA();
  PlanOptions options = Stm32f746();
  const int64_t arena = PriceGenome(genome, options).sram_peak_bytes - 8192;
  // Everything would fit into the sum of the blocks, and into neither of them.
  options.target.ram_bytes = 8192 + arena + 20000;
  options.target.arena.blocks = {{{"fast", 12000, true}}, {{"slow", arena + 8000, false}}};
  EXPECT_EQ(PriceGenome(genome, options).sram_peak_bytes, arena + 8192);
  options.target.arena.blocks = {{{"fast", arena / 2, true}}, {{"slow", arena / 2, false}}};
  EXPECT_GT(PriceGenome(genome, options).sram_peak_bytes, options.target.ram_bytes);
}

}  // namespace
}  // namespace tinyformer
