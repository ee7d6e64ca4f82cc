#include "search/blocks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace tinyformer {
namespace {

LayerSpec Layer(LayerSpec::Kind kind, int in, int out, int kernel, double sparsity, int block) {
  LayerSpec layer;
  layer.name = "layer";
  layer.kind = kind;
  layer.in = in;
  layer.out = out;
  layer.kernel = kernel;
  layer.sparsity = sparsity;
  layer.block = block;
  layer.weights = int64_t{kernel} * kernel * out * (kind == LayerSpec::Kind::kDepthwise ? 1 : in);
  return layer;
}

LayerSpec RandomLayer(uint64_t seed) {
  Rng rng(seed, "layer");
  const double sparsity = 0.05 * static_cast<double>(1 + rng.Below(19));
  const int out = 4 + static_cast<int>(rng.Below(200));
  if (rng.Below(4) == 0) return Layer(LayerSpec::Kind::kDepthwise, out, out, 3, sparsity, 3);
  const int block = rng.Below(2) == 0 ? 2 : 4, kernel = rng.Below(2) == 0 ? 1 : 3;
  const int in = 4 * (1 + static_cast<int>(rng.Below(80)));
  return Layer(LayerSpec::Kind::kConv, in, out, kernel, sparsity, block);
}

TEST(Blocks, OfALinearLayerOnAMapLieAlongTheChannels) {
  LayerSpec layer = Layer(LayerSpec::Kind::kLinear, 12, 1, 1, 0.5, 2);
  layer.pixels = 3;
  std::vector<int64_t> blocks;
  VisitWeights(layer, [&](int64_t, int64_t, int64_t block) { blocks.push_back(block); });
  // Channel by channel: the pixels of channel 0, of channel 1 ...
  EXPECT_EQ(blocks, (std::vector<int64_t>{0, 2, 4, 0, 2, 4, 1, 3, 5, 1, 3, 5}));
}

TEST(CanonicalMask, PrunesExactlyTheBlocksThatTrainingWill) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const LayerSpec layer = RandomLayer(seed);
    const std::vector<bool> keep = CanonicalMask(layer);
    ASSERT_EQ(static_cast<int64_t>(keep.size()), BlockCount(layer)) << seed;
    EXPECT_EQ(std::count(keep.begin(), keep.end(), false), PrunedBlocks(layer, layer.sparsity))
        << seed;
  }
}

TEST(CanonicalMask, NeedsNoFiller) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    int64_t distance = 0, farthest = 0;
    for (const bool kept : CanonicalMask(RandomLayer(seed))) {
      farthest = std::max(farthest, ++distance);
      if (kept) distance = 0;
    }
    EXPECT_LE(farthest, 255) << seed;
  }
}

TEST(CanonicalMask, LeavesEveryChannelABlockWhereThereAreEnough) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const LayerSpec layer = RandomLayer(seed);
    const std::vector<bool> keep = CanonicalMask(layer);
    const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
    const int64_t columns = depthwise ? layer.kernel : layer.in / layer.block;
    std::vector<int64_t> in_row(static_cast<size_t>(layer.out)),
        in_column(static_cast<size_t>(columns));
    for (size_t i = 0; i < keep.size(); ++i) {
      in_row[i * in_row.size() / keep.size()] += keep[i] ? 1 : 0;
      in_column[i % in_column.size()] += keep[i] ? 1 : 0;
    }
    const int64_t kept = std::count(keep.begin(), keep.end(), true);
    const auto live = [](const std::vector<int64_t>& counts) {
      return std::count_if(counts.begin(), counts.end(), [](int64_t count) { return count > 0; });
    };
    EXPECT_EQ(live(in_row), std::min<int64_t>(kept, layer.out)) << seed;
    if (kept < 2 * columns) continue;
    EXPECT_EQ(live(in_column), columns) << seed;
  }
}

}  // namespace
}  // namespace tinyformer
