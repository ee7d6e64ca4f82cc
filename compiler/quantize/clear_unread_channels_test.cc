#include "compiler/quantize/clear_unread_channels.h"

#include <gtest/gtest.h>

#include "compiler/ops/movement.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {
namespace {

constexpr int64_t kChannels = 16;

Graph Quantized(const Graph& g, bool clear) {
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  const CalibrationImages images = {2, [&g](int64_t index, float* input) {
                                      const auto image =
                                          RandomInput(g, static_cast<uint64_t>(index));
                                      std::copy(image.begin(), image.end(), input);
                                    }};
  return QuantizeGraph(Lower(Calibrate(g, images, options)), {LayernormBits::kLargest, clear});
}

// Makes weights [o][i].. of the network's Conv number `which` 0 where `zero` says so.
template <typename Zero>
void Prune(Graph* g, int which, Zero zero) {
  for (Value& value : g->values) {
    if (!value.is_constant() || value.shape.size() != 4 || which-- != 0) continue;
    auto weights = value.Elements<float>();
    const int64_t inputs = value.shape[1];
    const int64_t taps = ElementCount(value.shape) / value.shape[0];
    for (size_t i = 0; i < weights.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      if (zero(at / taps, at % taps / (taps / inputs))) weights[i] = 0;
    }
    value.SetElements(weights);
  }
}

// Which output channels of a layer have a weight: "0110..".
std::string Rows(const Graph& g, const std::string& op, int which) {
  for (const Node& node : g.nodes) {
    if (node.op != op || which-- > 0) continue;
    const Value& weight = g.value(node.inputs[1]);
    const auto elements = weight.Elements<int8_t>();
    const size_t rows = static_cast<size_t>(weight.shape[0]), taps = elements.size() / rows;
    std::string text;
    for (size_t o = 0; o < rows; ++o) {
      bool any = false;
      for (size_t k = 0; k < taps; ++k) any = any || elements[o * taps + k] != 0;
      text += any ? '1' : '0';
    }
    return text;
  }
  return "no such layer";
}

// The bytes of the graph's output for some images.
std::vector<int8_t> Outputs(const Graph& quantized, const Graph& g) {
  std::vector<int8_t> all;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const Shape shape = g.value(g.inputs[0]).shape;
    auto image = TransposeElements(RandomInput(g, seed), shape, {0, 2, 3, 1});
    const auto output = EvaluateQuantized(quantized, QuantizeInput(quantized, image));
    all.insert(all.end(), output.begin(), output.end());
  }
  return all;
}

void ExpectSameOutputs(const Graph& g) {
  EXPECT_EQ(Outputs(Quantized(g, true), g), Outputs(Quantized(g, false), g));
}

TEST(ClearUnreadChannels, GoesFromPrunedDepthwiseKernelsToTheLayerBefore) {
  NetworkBuilder b(1, {1, 8, 6, 6});
  b.x = b.InvertedResidual(b.x, 2);
  Graph g = b.Build();
  const int depthwise = 1, project = 2;
  Prune(&g, depthwise, [](int64_t o, int64_t) { return o % 4 == 0; });
  Prune(&g, project, [](int64_t, int64_t i) { return i == 1; });
  const Graph cleared = Quantized(g, true), kept = Quantized(g, false);
  EXPECT_EQ(Rows(kept, "linear", 0), "1111111111111111");
  EXPECT_EQ(Rows(cleared, "linear", 0), "0011011101110111");
  EXPECT_EQ(Rows(kept, "depthwise_conv2d", 0), "0111011101110111");
  EXPECT_EQ(Rows(cleared, "depthwise_conv2d", 0), "0011011101110111");
  EXPECT_EQ(Rows(cleared, "linear", 1), "11111111");
  ExpectSameOutputs(g);
}

TEST(ClearUnreadChannels, FollowsPoolsAndSumsAndGroups) {
  NetworkBuilder b(2, {1, 8, 8, 8});
  const ValueId first = b.Conv(b.x, kChannels, 3), second = b.Conv(b.x, kChannels, 3);
  b.x = b.MaxPool(b.Node1("Add", {first, second}));
  b.x = b.Conv(b.x, 8, 3, 1, 2);
  Graph g = b.Build();
  // Group 0 ignores its last two inputs, group 1 its first: channels 6, 7 and 8.
  Prune(&g, 2, [](int64_t o, int64_t i) { return o < 4 ? i > 5 : i == 0; });
  const Graph cleared = Quantized(g, true);
  EXPECT_EQ(Rows(cleared, "conv2d", 0), "1111110001111111");
  EXPECT_EQ(Rows(cleared, "conv2d", 1), "1111110001111111");
  EXPECT_EQ(Rows(cleared, "conv2d", 2), "11111111");
  ExpectSameOutputs(g);
}

TEST(ClearUnreadChannels, OtherOperatorsReadAllChannels) {
  NetworkBuilder b(3, {1, 8, 4, 4});
  b.x = b.Conv(b.x, 8, 1);
  const ValueId tokens = b.LayerNorm(b.ToTokens(b.x));
  b.x = b.Conv(b.ToMap(tokens, 4, 4), 8, 1);
  Graph g = b.Build();
  Prune(&g, 1, [](int64_t, int64_t i) { return i < 4; });
  const Graph cleared = Quantized(g, true);
  EXPECT_EQ(Rows(cleared, "linear", 0), "11111111");
  ExpectSameOutputs(g);
}

TEST(ClearUnreadChannels, RandomNetworksKeepTheirOutputs) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Graph g = SmallTinyFormer(seed);
    Rng rng(seed, "pruning");
    for (Value& value : g.values) {
      if (!value.is_constant() || value.shape.size() != 4) continue;
      const double share = rng.Uniform(0, 1);
      const int64_t taps = ElementCount(value.shape) / value.shape[0];
      auto weights = value.Elements<float>();
      for (size_t i = 0; i < weights.size(); i += static_cast<size_t>(taps)) {
        if (rng.Uniform(0, 1) < share)
          std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>(i), taps, 0.0f);
      }
      value.SetElements(weights);
    }
    ExpectSameOutputs(g);
  }
}

}  // namespace
}  // namespace tinyformer
