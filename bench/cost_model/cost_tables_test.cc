#include "bench/cost_model/cost_tables.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"
#include "compiler/cost/cycle_table.h"

namespace tinyformer::bench {
namespace {

constexpr size_t kProduct = static_cast<size_t>(Work::kProduct);
constexpr size_t kRow = static_cast<size_t>(Work::kRow);
constexpr size_t kLayer = static_cast<size_t>(Work::kLayer);

std::vector<Sample> SamplesOf(const WorkCounts& truth, double noise) {
  Rng rng(1, "samples");
  std::vector<Sample> samples;
  for (int i = 0; i < 40; ++i) {
    Sample sample;
    sample.counts.fill(0);
    sample.counts[kProduct] = rng.Uniform(100, 100000);
    sample.counts[kRow] = rng.Uniform(1, 1000);
    sample.counts[kLayer] = 1;
    for (size_t k = 0; k < kWorkKinds; ++k) sample.cycles += truth[k] * sample.counts[k];
    sample.cycles *= 1 + rng.Uniform(-noise, noise);
    samples.push_back(sample);
  }
  return samples;
}

TEST(FitNonNegative, FindsTheCoefficientsOfExactSamples) {
  WorkCounts truth{};
  truth[kProduct] = 0.75;
  truth[kRow] = 12;
  truth[kLayer] = 400;
  const WorkCounts fitted = FitNonNegative(SamplesOf(truth, 0));
  for (size_t k = 0; k < kWorkKinds; ++k) EXPECT_NEAR(fitted[k], truth[k], 1e-3) << kWorkNames[k];
}

TEST(FitNonNegative, IsNeverNegativeAndStaysWithinTheNoise) {
  WorkCounts truth{};
  truth[kProduct] = 0.75;
  const std::vector<Sample> samples = SamplesOf(truth, 0.1);
  const WorkCounts fitted = FitNonNegative(samples);
  for (double coefficient : fitted) EXPECT_GE(coefficient, 0);
  EXPECT_NEAR(fitted[kProduct], 0.75, 0.1);
  EXPECT_LT(Summarize(fitted, samples).worst, 0.25);
}

TEST(Summarize, GivesMedianAndWorst) {
  WorkCounts one{};
  one[kLayer] = 1;
  std::vector<Sample> samples(3);
  for (size_t i = 0; i < 3; ++i) {
    samples[i].counts[kLayer] = 10000 * (1 + 0.1 * static_cast<double>(i));
    samples[i].cycles = 10000;
  }
  const ErrorSummary summary = Summarize(one, samples);
  EXPECT_NEAR(summary.median, 0.1, 1e-9);
  EXPECT_NEAR(summary.worst, 0.2, 1e-9);
  EXPECT_EQ(summary.worst_sample, 2u);
}

TEST(RandomLayers, CoverEveryLineOfTheCycleTable) {
  std::set<std::string> drawn, table;
  for (const RandomLayer& layer : RandomLayers(2, 3)) {
    drawn.insert(layer.line);
    EXPECT_EQ(layer.graph.nodes.size(), 1u);
  }
  for (const KernelCycles& line : CycleTable()) table.insert(line.line);
  EXPECT_EQ(drawn, table);
  const std::vector<std::string> lines = CycleLines();
  EXPECT_EQ(drawn, std::set<std::string>(lines.begin(), lines.end()));
}

TEST(RandomLayers, AreTheSameForTheSameSeed) {
  const auto a = RandomLayers(1, 5), b = RandomLayers(1, 5);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(CountWork(a[i].graph, a[i].graph.nodes[0], a[i].kernel),
              CountWork(b[i].graph, b[i].graph.nodes[0], b[i].kernel));
  }
}

TEST(MeasureLayers, AgreesWithTheTableOfThisTree) {
  std::vector<RandomLayer> layers;
  for (RandomLayer& layer : RandomLayers(1, 7)) {
    if (layer.line == "linear_s8" || layer.line == "linear_s8_bitmap4" || layer.line == "add_s8") {
      layers.push_back(std::move(layer));
    }
  }
  const std::vector<uint64_t> cycles = MeasureLayers(layers, FindBoard("stm32f746"));
  for (size_t i = 0; i < layers.size(); ++i) {
    const Sample sample = {CountWork(layers[i].graph, layers[i].graph.nodes[0], layers[i].kernel),
                           static_cast<double>(cycles[i])};
    EXPECT_LT(RelativeError(CyclesOf(layers[i].line).each, sample), 0.3)
        << layers[i].line << ": measure again with bench_cost_model --write";
  }
}

TEST(TablesText, IsSortedSource) {
  FittedLine b, a;
  b.line = "b";
  a.line = "a";
  a.cycles[kProduct] = 0.5;
  const MeasuredCode code = {{{120, {"a", "b"}}, {16, {"b"}}}, {{"a", 40}, {"b", 44}}};
  const std::string text = TablesText({b, a}, code);
  EXPECT_LT(text.find("{\"a\", {0.5, 0, 0"), text.find("{\"b\", {0, 0"));
  EXPECT_NE(text.find("    {120, {\"a\", \"b\"}},\n    {16, {\"b\"}},\n"), std::string::npos);
  EXPECT_NE(text.find("    {\"a\", 40},\n    {\"b\", 44},\n"), std::string::npos);
}

}  // namespace
}  // namespace tinyformer::bench
