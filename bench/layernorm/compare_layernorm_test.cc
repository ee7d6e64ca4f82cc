#include "bench/layernorm/compare_layernorm.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "compiler/import/read_onnx.h"

namespace tinyformer::bench {
namespace {

std::string Root() {
  const char* root = std::getenv("TINYFORMER_SOURCE_DIR");
  return root ? root : ".";
}

TEST(CompareLayernorms, MoreFractionalBitsComeNearerToFloat) {
  const Graph model = ReadOnnx(Root() + "/zoo/tinyformer-a.onnx");
  std::vector<int8_t> image(3 * 32 * 32);
  for (size_t i = 0; i < image.size(); ++i)
    image[i] = static_cast<int8_t>(static_cast<int>(i * i / 7 % 255) - 127);
  const std::vector<LayernormResult> results = CompareLayernorms(model, {image}, {0});
  ASSERT_EQ(results.size(), static_cast<size_t>(kLayernormVariantCount));
  const auto error = [&](LayernormVariant v) { return results[static_cast<size_t>(v)].error; };
  // n is off by 2^-(k+1), times gamma in steps of the output (up to about 40).
  EXPECT_GT(error(kNaiveBits).largest_lsb, 2);
  EXPECT_GT(error(kPaperBits).not_nearest, error(kLargestBits).not_nearest);
  EXPECT_LT(error(kLargestBits).largest_lsb, 0.52);
  EXPECT_LT(error(kFloat).largest_lsb, 0.51);
}

TEST(RequireImageModel, AFloatModelIsNamed) {
  Graph model = ReadOnnx(Root() + "/zoo/tinyformer-a.onnx");
  RequireImageModel(model, "a.onnx");
  model.values[static_cast<size_t>(model.inputs[0])].quantization.reset();
  std::string text;
  try {
    RequireImageModel(model, "a.onnx");
  } catch (const Error& error) {
    text = error.what();
  }
  EXPECT_EQ(text,
            "error[bench/model] a.onnx\n  expected: an int8 model of images\n"
            "  found:    an input of shape [1, 3, 32, 32], float\n"
            "  fix:      take a model of the zoo, or one that tinyformer compress wrote");
}

TEST(LayernormCosts, BitsChangeNoInstructionAndIntegersTakeFewerThanTwelve) {
  const TemporaryFolder work;
  for (const LayernormCost& cost : LayernormCosts(FindBoard("stm32f746"), Root(), work.path())) {
    if (cost.variant == kFloat) {
      EXPECT_GT(cost.instructions, 12);
    } else {
      EXPECT_LT(cost.instructions, 12);
      EXPECT_GT(cost.cycles, 4);  // four multiplications an element
    }
  }
}

}  // namespace
}  // namespace tinyformer::bench
