#include <gtest/gtest.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

using Ints = std::vector<int64_t>;

TEST(Conv, OneByHandPaddedStridedDilated) {
  Graph g = InputGraph({1, 1, 3, 3});
  ValueId w = g.AddConstant("w", {1, 1, 2, 2}, {1, 10, 100, 1000});
  ValueId b = g.AddConstant("b", {1}, {0.5f});
  Append(g, "Conv", {g.inputs[0], w, b},
         {{"strides", std::vector<int64_t>{2, 2}},
          {"pads", std::vector<int64_t>{1, 1, 1, 1}},
          {"dilations", std::vector<int64_t>{2, 2}}});
  // Windows at -1 and 1, taps two apart: each window has one tap inside, on the middle pixel.
  EXPECT_EQ(FloatEvaluator(g).Run({1, 2, 3, 4, 5, 6, 7, 8, 9}),
            (std::vector<float>{5000.5f, 500.5f, 50.5f, 5.5f}));
}

TEST(Conv, ChannelsLastEqualsChannelsFirst) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    Rng rng(seed);
    const int64_t group = seed % 3 == 0 ? 2 : 1, c = 4, o = 6, h = 7, width = 5,
                  k = 1 + static_cast<int64_t>(seed % 3);
    std::map<std::string, Attribute> attributes = {
        {"strides", std::vector<int64_t>{1 + static_cast<int64_t>(seed % 2), 1}},
        {"pads", std::vector<int64_t>{0, k / 2, k / 2, 0}},
        {"group", group}};
    auto x = RandomFloats(rng, c * h * width), wt = RandomFloats(rng, o * c / group * k * k),
         bias = RandomFloats(rng, o);
    Graph first = InputGraph({1, c, h, width});
    Append(first, "Conv",
           {first.inputs[0], first.AddConstant("w", {o, c / group, k, k}, wt),
            first.AddConstant("b", {o}, bias)},
           attributes);
    Graph last = InputGraph({1, h, width, c});
    auto ohwi = TransposeElements(wt, {o, c / group, k, k}, {0, 2, 3, 1});
    Append(last, "conv2d",
           {last.inputs[0], last.AddConstant("w", {o, k, k, c / group}, ohwi),
            last.AddConstant("b", {o}, bias)},
           attributes);
    auto y = FloatEvaluator(first).Run(x);
    auto z = FloatEvaluator(last).Run(TransposeElements(x, {1, c, h, width}, {0, 2, 3, 1}));
    auto expected = TransposeElements(y, first.value(first.outputs[0]).shape, {0, 2, 3, 1});
    for (size_t i = 0; i < z.size(); ++i) EXPECT_NEAR(z[i], expected[i], 1e-5) << "seed " << seed;
  }
}

TEST(Conv, RefusesWeightsForOtherChannels) {
  Graph g = InputGraph({1, 3, 8, 8});
  ValueId w = g.AddConstant("w", {4, 2, 3, 3}, std::vector<float>(72));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w});
            }),
            "error[import/channels] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: weights for 3 input channels in 1 groups\n"
            "  found:    weight 'w' of shape [4, 2, 3, 3]\n"
            "  fix:      export the model again: the weight does not match its input");
}

TEST(Conv, RefusesKernelsLargerThanTheImage) {
  Graph g = InputGraph({1, 1, 2, 8});
  ValueId w = g.AddConstant("w", {1, 1, 3, 3}, std::vector<float>(9));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w});
            }),
            "error[import/window] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: a kernel no larger than the padded input\n"
            "  found:    kernel extent 3 over 2 rows\n"
            "  fix:      pad the input or use a smaller kernel");
}

TEST(Conv, RefusesOneDimensionalInput) {
  Graph g = InputGraph({1, 3, 8});
  ValueId w = g.AddConstant("w", {4, 3, 3}, std::vector<float>(36));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w});
            }),
            "error[import/rank] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: operand 'x' with 4 dimensions\n  found:    shape [1, 3, 8]\n"
            "  fix:      use two-dimensional images [1, channels, height, width]");
}

TEST(Conv, RefusesBrokenStrides) {
  Graph g = InputGraph({1, 1, 8, 8});
  ValueId w = g.AddConstant("w", {1, 1, 3, 3}, std::vector<float>(9));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w}, {{"strides", std::vector<int64_t>{0, 1}}});
            }),
            "error[import/attribute] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: strides: 2 integers, each at least 1\n  found:    strides [0, 1]\n"
            "  fix:      export the model again with two-dimensional windows");
}

TEST(Conv, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"bias",
       "Conv",
       {1, 1, 4, 4},
       {{2, 1, 3, 3}, {3}},
       {},
       "error[import/bias-shape] node 'Conv_node' (Conv, opset 17)\n  expected: a bias of shape "
       "[2]\n"
       "  found:    shape [3]\n  fix:      give one bias per output channel"},
      {"kernel_shape",
       "Conv",
       {1, 1, 4, 4},
       {{2, 1, 3, 3}},
       {{"kernel_shape", Ints{2, 2}}},
       "error[import/attribute] node 'Conv_node' (Conv, opset 17)\n"
       "  expected: kernel_shape [3, 3] as in the weight\n  found:    kernel_shape [2, 2]\n"
       "  fix:      export the model again"},
  });
}

TEST(MaxPool, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"pads",
       "MaxPool",
       {1, 1, 4, 4},
       {},
       {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 0, 0, 0}}},
       "error[import/padding] node 'MaxPool_node' (MaxPool, opset 17)\n  expected: pads smaller "
       "than the kernel\n"
       "  found:    pads [2, 0, 0, 0]\n  fix:      reduce the padding: some windows would hold no "
       "pixel"},
      {"ceil_mode",
       "MaxPool",
       {1, 1, 4, 4},
       {},
       {{"kernel_shape", Ints{2, 2}}, {"ceil_mode", int64_t{1}}},
       "error[import/attribute] node 'MaxPool_node' (MaxPool, opset 17)\n  expected: ceil_mode 0\n"
       "  found:    ceil_mode 1\n  fix:      pad the input so that the windows fit exactly"},
  });
}

}  // namespace
}  // namespace tinyformer
