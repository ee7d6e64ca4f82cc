#include "bench/cost_model/random_layers.h"

#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "base/check.h"
#include "compiler/cost/work.h"
#include "compiler/plan/example_graph.h"

namespace tinyformer::bench {
namespace {

constexpr int64_t kMostWeights = 340 << 10;
constexpr int64_t kMostMacs = 24000000;
constexpr int64_t kMostElements = 48 << 10;

// Draws the sizes of one layer.
struct Draw {
  ExampleGraph& graph;
  Rng& rng;
  int block = 1;  // input channels are multiples of it (depthwise: 3 is the window)
  bool portable = false;

  /// Even on a log scale.
  int64_t Size(int64_t low, int64_t high) {
    const double x =
        rng.Uniform(std::log(static_cast<double>(low)), std::log(static_cast<double>(high) + 1));
    return std::min(high, static_cast<int64_t>(std::exp(x)));
  }
  int64_t Inner(int64_t high) {
    const int64_t size = Size(block, high);
    return size / block * block;
  }
  int64_t Window() { return 1 + 2 * static_cast<int64_t>(rng.Below(3)); }
  int64_t Stride() { return rng.Chance(0.75) ? 1 : 2; }
};

using Build = std::function<ValueId(Draw& draw)>;

ValueId LinearLayer(Draw& d) {
  const int64_t tokens = d.rng.Chance(0.34) ? 1 : d.Size(2, 256);
  const ValueId x = d.graph.Input({1, tokens, d.Inner(768)});
  return d.graph.Linear("layer", x, d.Size(1, 768));
}

ValueId ConvLayer(Draw& d) {
  const ValueId x = d.graph.Input({1, d.Size(1, 24), d.Size(1, 24), d.Inner(192)});
  const int64_t out = d.Size(1, 192), stride = d.Stride();
  return d.graph.Conv2d("layer", x, out, stride, -128, d.Window());
}

// Other windows than 3x3, or where the code wants three columns another stride, are portable.
ValueId DepthwiseLayer(Draw& d) {
  const ValueId x = d.graph.Input({1, d.Size(2, 32), d.Size(2, 32), d.Size(1, 384)});
  if (!d.portable) return d.graph.Depthwise("layer", x, d.Stride());
  if (d.block == 3) return d.graph.Depthwise("layer", x, 3);
  return d.graph.Depthwise("layer", x, d.Stride(), d.rng.Chance(0.5) ? 1 : 5);
}

ValueId AttentionLayer(Draw& d) {
  const int64_t heads = int64_t{1} << d.rng.Below(4), tokens = d.Size(1, 256);
  const ValueId x = d.graph.Input({1, tokens, heads * d.Size(1, 64)});
  return d.graph.Attention("layer", x, x, x, heads);
}

ValueId AttentionPoolLayer(Draw& d) {
  // The kernel reads as many logits as there are tokens; which ones does not matter here.
  const ValueId x = d.graph.Input({1, d.Size(1, 256), d.Size(1, 384)});
  return d.graph.AttentionPool("layer", x, x);
}

ValueId PoolLayer(Draw& d, bool max) {
  const int64_t window = 2 + static_cast<int64_t>(d.rng.Below(2));
  const int64_t stride = 1 + static_cast<int64_t>(d.rng.Below(2));
  const ValueId x = d.graph.Input({1, d.Size(window, 32), d.Size(window, 32), d.Size(1, 192)});
  return max ? d.graph.MaxPool("layer", x, window, stride)
             : d.graph.AveragePool("layer", x, window, stride);
}

ValueId Tokens(Draw& d) { return d.graph.Input({1, d.Size(1, 256), d.Size(2, 384)}); }

struct Family {
  std::string kernel;
  int block = 1;  // of the weights; 1: dense or no weights
  Build build;
  CodecRequest codec = CodecRequest::kDense;
};

std::vector<Family> Families() {
  std::vector<Family> families;
  const std::vector<std::pair<std::string, Build>> weighted = {{"linear_s8", LinearLayer},
                                                               {"conv2d_s8", ConvLayer}};
  for (const auto& [kernel, build] : weighted) {
    families.push_back({kernel, 1, build});
    for (int block : {2, 4}) {
      const std::string b = std::to_string(block);
      families.push_back({kernel + "_rlc" + b, block, build, CodecRequest::kRunLength});
      families.push_back({kernel + "_bitmap" + b, block, build, CodecRequest::kBitmap});
    }
  }
  const std::string depthwise = "depthwise_conv2d_s8";
  families.push_back({depthwise, 1, DepthwiseLayer});
  families.push_back({depthwise + "_rlc3", 3, DepthwiseLayer, CodecRequest::kRunLength});
  families.push_back({depthwise + "_bitmap3", 3, DepthwiseLayer, CodecRequest::kBitmap});
  const auto plain = [&](const char* kernel, Build build) {
    families.push_back({kernel, 1, std::move(build)});
  };
  plain("add_s8", [](Draw& d) {
    const ValueId x = Tokens(d);
    return d.graph.Add("layer", x, x);
  });
  plain("attention_s8", AttentionLayer);
  plain("attention_pool_s8", AttentionPoolLayer);
  plain("average_pool2d_s8", [](Draw& d) { return PoolLayer(d, false); });
  plain("layernorm_s8", [](Draw& d) { return d.graph.Layernorm("layer", Tokens(d)); });
  plain("max_pool2d_s8", [](Draw& d) { return PoolLayer(d, true); });
  plain("requantize_s8", [](Draw& d) { return d.graph.Requantize("layer", Tokens(d)); });
  plain("softmax_s8", [](Draw& d) { return d.graph.Softmax("layer", Tokens(d)); });
  plain("transpose_s8", [](Draw& d) { return d.graph.Transpose("layer", Tokens(d), {0, 2, 1}); });
  return families;
}

bool IsWeighted(const Family& family) {
  return family.kernel.find("linear") == 0 || family.kernel.find("conv2d") != std::string::npos;
}

// A layer of the family; nothing when it is too large, or its code takes more bytes than dense.
std::optional<RandomLayer> TryLayer(const Family& family, bool portable, uint64_t seed,
                                    uint64_t attempt) {
  Rng rng(seed, "random layer " + family.kernel + (portable ? " portable" : ""), attempt);
  const double sparsity = family.block == 1 ? 0 : rng.Uniform(0.3, 0.95);
  ExampleGraph graph(family.kernel, seed + attempt, sparsity, family.block);
  Draw draw{graph, rng, family.block, portable};
  const ValueId output = family.build(draw);
  RandomLayer layer;
  layer.graph = graph.Finish(output);
  Node& node = layer.graph.nodes.at(0);
  if (portable && node.op != "depthwise_conv2d") node.attributes["shift"] = int64_t{0};
  if (node.Has("min") && rng.Chance(0.25)) node.attributes["min"] = int64_t{-10};
  const int64_t elements = ElementCount(layer.graph.value(node.outputs[0]).shape);
  const int64_t inputs = ElementCount(layer.graph.value(node.inputs[0]).shape);
  if (elements > kMostElements || inputs > kMostElements) return std::nullopt;
  if (IsWeighted(family)) {
    const int64_t weights = ElementCount(layer.graph.value(node.inputs[1]).shape);
    const int64_t channels = layer.graph.value(node.outputs[0]).shape.back();
    if (weights > kMostWeights || weights / channels * elements > kMostMacs) return std::nullopt;
  }
  for (const Kernel& kernel : ListKernels(layer.graph, node, family.codec)) {
    if (kernel.name != family.kernel) continue;
    layer.kernel = kernel;
    layer.line = CycleLine(layer.graph, node, kernel);
    TF_CHECK((layer.line != kernel.name) == portable, layer.line);
    return layer;
  }
  return std::nullopt;
}

}  // namespace

std::vector<RandomLayer> RandomLayers(int each, uint64_t seed) {
  std::vector<RandomLayer> layers;
  for (const Family& family : Families()) {
    for (bool portable : {false, true}) {
      if (portable && !IsWeighted(family)) continue;
      uint64_t attempt = 0;
      for (int found = 0; found < each; ++attempt) {
        TF_CHECK(attempt < 1000000, family.kernel, "no layer fits");
        std::optional<RandomLayer> layer = TryLayer(family, portable, seed, attempt);
        if (!layer) continue;
        layers.push_back(std::move(*layer));
        ++found;
      }
    }
  }
  return layers;
}

std::vector<std::string> CycleLines() {
  std::vector<std::string> lines;
  for (const Family& family : Families()) {
    lines.push_back(family.kernel);
    if (IsWeighted(family)) lines.push_back(family.kernel + " portable");
  }
  return lines;
}

}  // namespace tinyformer::bench
