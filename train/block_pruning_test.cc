#include "train/block_pruning.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "train/testing_data.h"

namespace tinyformer {
namespace {

LayerSpec Spec(LayerSpec::Kind kind, int in, int out, int kernel, int block) {
  LayerSpec spec;
  spec.name = "layer";
  spec.kind = kind;
  spec.in = in, spec.out = out, spec.kernel = kernel, spec.block = block;
  spec.weights = int64_t{out} * kernel * kernel * (kind == LayerSpec::Kind::kDepthwise ? 1 : in);
  return spec;
}

TEST(BlockNorms, GroupInputChannelsOfOneKernelPosition) {
  // One output channel, four input channels, 1x3... kernel 3: weight (i, y, x) = 1 only for i in
  // {2, 3} at y = 1, x = 2.
  const LayerSpec spec = Spec(LayerSpec::Kind::kConv, 4, 1, 3, 2);
  std::vector<float> weights(36, 0.0f);
  for (int i : {2, 3}) weights[static_cast<size_t>(i * 9 + 1 * 3 + 2)] = 3;
  const std::vector<float> norms = BlockNorms(spec, weights.data(), {});
  ASSERT_EQ(norms.size(), 18u);
  for (size_t b = 0; b < norms.size(); ++b) {
    EXPECT_FLOAT_EQ(norms[b], b == (1 * 3 + 2) * 2 + 1 ? std::sqrt(18.0f) : 0) << b;
  }
}

TEST(BlockNorms, TakeKernelRowsOfDepthwiseLayers) {
  const LayerSpec spec = Spec(LayerSpec::Kind::kDepthwise, 2, 2, 3, 3);
  std::vector<float> weights(18, 0.0f);
  weights[9 + 3] = 3, weights[9 + 5] = 4;  // channel 1, row 1
  EXPECT_EQ(BlockNorms(spec, weights.data(), {}), (std::vector<float>{0, 0, 0, 0, 5, 0}));
}

TEST(BlockNorms, ScaleOutputChannelsAsFoldingWould) {
  const LayerSpec spec = Spec(LayerSpec::Kind::kLinear, 2, 2, 1, 2);
  const std::vector<float> weights = {3, 4, 3, 4};
  EXPECT_EQ(BlockNorms(spec, weights.data(), {2, -10}), (std::vector<float>{10, 50}));
}

TEST(KeepLargest, PrunesLowerIndicesFirstAmongEquals) {
  EXPECT_EQ(KeepLargest({1, 2, 1, 1}, 2), (std::vector<bool>{false, true, false, true}));
  EXPECT_EQ(KeepLargest({0, 0, 0}, 0), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(KeepLargest({1, 2}, 2), (std::vector<bool>{false, false}));
}

TEST(ExpandMask, ZeroesExactlyTheStatedShareOfBlocks) {
  for (const LayerSpec& spec : ListLayers(SmallGenome())) {
    if (spec.sparsity <= 0) continue;
    Rng rng(5, spec.name);
    std::vector<float> weights(static_cast<size_t>(spec.weights));
    for (float& w : weights) w = static_cast<float>(rng.Normal());
    const int64_t pruned = PrunedBlocks(spec, spec.sparsity);
    const std::vector<bool> keep = KeepLargest(BlockNorms(spec, weights.data(), {}), pruned);
    int64_t zeros = 0;
    for (uint8_t m : ExpandMask(spec, keep)) zeros += m == 0;
    EXPECT_EQ(zeros * BlockCount(spec), pruned * spec.weights) << spec.name;
    EXPECT_EQ(pruned, std::llround(spec.sparsity * static_cast<double>(BlockCount(spec))));
  }
}

TEST(ExpandMask, PrunesTheSmallestBlocks) {
  const LayerSpec spec = Spec(LayerSpec::Kind::kLinear, 4, 2, 1, 2);
  const std::vector<float> weights = {9, 0, 1, 1, 2, 2, 0, 9};
  const std::vector<bool> keep = KeepLargest(BlockNorms(spec, weights.data(), {}), 2);
  EXPECT_EQ(ExpandMask(spec, keep), (std::vector<uint8_t>{1, 1, 0, 0, 0, 0, 1, 1}));
}

}  // namespace
}  // namespace tinyformer
