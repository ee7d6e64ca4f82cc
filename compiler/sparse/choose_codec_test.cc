#include "compiler/sparse/choose_codec.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"

namespace tinyformer {
namespace {

// blocks of `block` ones, a share `sparsity` of them zero, evenly spread
std::vector<int8_t> Pruned(int blocks, int block, double sparsity) {
  std::vector<int8_t> weights;
  for (int i = 0; i < blocks; ++i) {
    const bool zero = static_cast<int>((i + 1) * sparsity) > static_cast<int>(i * sparsity);
    weights.insert(weights.end(), static_cast<size_t>(block), zero ? 0 : 1);
  }
  return weights;
}

TEST(ChooseCodec, AutoTakesTheSmallest) {
  const CodecChoice half = ChooseCodec(Pruned(8000, 4, 0.5), 16, {2, 4}, CodecRequest::kAuto);
  EXPECT_EQ(half.codec, Codec::kBitmap);
  EXPECT_EQ(half.block, 4);
  EXPECT_EQ(half.bytes, 1000 + 16000);
  EXPECT_EQ(half.dense_bytes, 32000);
  EXPECT_EQ(half.effective_weights, 16000);
  EXPECT_DOUBLE_EQ(half.sparsity, 0.5);
  const CodecChoice most = ChooseCodec(Pruned(8000, 4, 0.95), 16, {2, 4}, CodecRequest::kAuto);
  EXPECT_EQ(most.codec, Codec::kRunLength);
}

TEST(ChooseCodec, NeverStoresMoreThanDense) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed, "choose");
    std::vector<int8_t> weights(24 * (1 + rng.Below(40)));
    const double density = rng.Uniform();
    for (int8_t& weight : weights) weight = rng.Chance(density) ? 3 : 0;
    int64_t smallest = static_cast<int64_t>(weights.size());
    for (auto request : {CodecRequest::kDense, CodecRequest::kRunLength, CodecRequest::kBitmap}) {
      const CodecChoice choice = ChooseCodec(weights, 12, {2, 3, 4}, request);
      EXPECT_LE(choice.bytes, choice.dense_bytes) << "seed " << seed;
      EXPECT_EQ(choice.bytes, EncodedBytes(choice.codec, weights, choice.block));
      smallest = std::min(smallest, choice.bytes);
    }
    EXPECT_EQ(ChooseCodec(weights, 12, {2, 3, 4}, CodecRequest::kAuto).bytes, smallest)
        << "seed " << seed;
  }
}

TEST(ChooseCodec, ADenseLayerStaysDense) {
  const CodecChoice choice = ChooseCodec(Pruned(100, 4, 0), 4, {2, 4}, CodecRequest::kAuto);
  EXPECT_EQ(choice.codec, Codec::kDense);
  EXPECT_EQ(choice.block, 1);
  EXPECT_EQ(choice.effective_weights, 400);
}

TEST(ChooseCodec, BlocksThatDoNotDivideTheInnerDimensionArePassedOver) {
  const std::vector<int8_t> weights(27 * 8, 0);
  EXPECT_EQ(ChooseCodec(weights, 3, {2, 4}, CodecRequest::kAuto).codec, Codec::kDense);
  EXPECT_EQ(ChooseCodec(weights, 3, {3}, CodecRequest::kAuto).block, 3);
}

TEST(ParseCodecRequest, RefusesOtherWords) {
  EXPECT_EQ(ParseCodecRequest("rlc"), CodecRequest::kRunLength);
  try {
    ParseCodecRequest("zip");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "error[compile/codec] --codec\n  expected: auto, dense, rlc or bitmap\n"
        "  found:    'zip'\n"
        "  fix:      choose one of them; auto takes for each layer what --optimize asks for");
  }
}

}  // namespace
}  // namespace tinyformer
