#include "compiler/passes/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/network_for_tests.h"

namespace tinyformer {
namespace {

// Largest difference between a graph and its lowered form on a random image, relative to the
// output's largest value.
double LoweringError(const Graph& g, const Graph& lowered, uint64_t seed) {
  std::vector<float> image = RandomInput(g, seed);
  auto expected = FloatEvaluator(g).Run(image);
  const Shape& shape = g.value(g.inputs[0]).shape;
  auto last = shape.size() == 4 ? TransposeElements(image, shape, {0, 2, 3, 1}) : image;
  auto found = FloatEvaluator(lowered).Run(last);
  EXPECT_EQ(expected.size(), found.size());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    worst =
        std::max(worst, std::abs(static_cast<double>(expected[i]) - static_cast<double>(found[i])));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

std::string LowerError(const Graph& g) {
  try {
    Lower(g);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

const char* kProduct =
    "a product with a constant matrix, or part of self-attention or sequence pooling";

std::string PatternError(const std::string& node, const std::string& expected,
                         const std::string& found) {
  return "error[compile/pattern] node '" + node + ")\n  expected: " + expected +
         "\n  found:    " + found +
         "\n  fix:      docs/adding_an_operator.md lists the patterns that the compiler knows";
}

TEST(Pipeline, LowersTinyFormersToTheirKernels) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    Graph g = SmallTinyFormer(seed);
    Graph lowered = Lower(g);
    EXPECT_EQ(CountOps(lowered),
              "add 4, attention 1, attention_pool 1, conv2d 3, depthwise_conv2d 1, layernorm 2, "
              "linear 13, max_pool2d 1, "
              "reshape 3")
        << "seed " << seed << "\n"
        << Print(lowered);
    EXPECT_EQ(lowered.value(lowered.inputs[0]).shape, (Shape{1, 8, 8, 3}));
    // A few hundred float operations in another order: well below 1e-4 of the largest logit.
    EXPECT_LT(LoweringError(g, lowered, seed), 1e-4) << "seed " << seed;
  }
}

TEST(Pipeline, EveryPassKeepsTheFunction) {
  Graph g = SmallTinyFormer(3);
  std::vector<std::string> names;
  Lower(g, [&](const Pass& pass, const Graph& after) {
    names.push_back(pass.name);
    const bool last = after.value(after.inputs[0]).shape != g.value(g.inputs[0]).shape;
    auto image = RandomInput(g, 5);
    auto expected = FloatEvaluator(g).Run(image);
    if (last) image = TransposeElements(image, {1, 3, 8, 8}, {0, 2, 3, 1});
    auto found = FloatEvaluator(after).Run(image);
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-3) << pass.name;
  });
  EXPECT_EQ(names.size(), kPasses.size());
}

TEST(Pipeline, IsDeterministic) {
  EXPECT_EQ(Fingerprint(Lower(SmallTinyFormer(1))), Fingerprint(Lower(SmallTinyFormer(1))));
}

TEST(Pipeline, KeepsTheUsersNames) {
  Graph g = SmallTinyFormer(0);
  Graph lowered = Lower(g);
  EXPECT_EQ(lowered.value(lowered.inputs[0]).name, "image");
  EXPECT_EQ(lowered.value(lowered.outputs[0]).name, g.value(g.outputs[0]).name);
}

TEST(Pipeline, AveragePoolsAndFlattenNeedNoTranspose) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.ConvBnRelu(b.x, 5, 3);
  b.x = b.Node1(
      "AveragePool", {b.x},
      {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  b.x = b.Gemm(b.Node1("Flatten", {b.x}), 4);
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "average_pool2d 1, conv2d 1, linear 1, reshape 1");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-4);
}

TEST(Pipeline, GlobalAveragePoolIsAPoolOfTheWholeImage) {
  NetworkBuilder b(1, {1, 3, 6, 4});
  b.x = b.Gemm(b.Node1("Flatten", {b.Node1("GlobalAveragePool", {b.ConvBnRelu(b.x, 5, 3)})}), 4);
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "average_pool2d 1, conv2d 1, linear 1, reshape 1");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-4);
}

TEST(Pipeline, ActivationsPassThroughMaxPool) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.Node1("Relu", {b.MaxPool(b.Conv(b.x, 4, 3))});
  b.x = b.Gemm(b.Node1("Flatten", {b.x}), 2);
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "conv2d 1, linear 1, max_pool2d 1, reshape 1");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-4);
}

TEST(Pipeline, ClipsBecomeRanges) {
  NetworkBuilder b(1, {1, 6});
  ValueId low = b.graph.AddConstant("low", {}, {-0.5f}),
          high = b.graph.AddConstant("high", {}, {0.25f});
  b.x = b.Node1("Clip", {b.Gemm(b.x, 4), low, high});
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(lowered.nodes[0].Float("act_min", 0), -0.5);
  EXPECT_EQ(lowered.nodes[0].Float("act_max", 0), 0.25);
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-6);
}

TEST(Pipeline, BatchNormAfterAnAddBecomesDepthwise) {
  NetworkBuilder b(1, {1, 3, 4, 4});
  ValueId a = b.Conv(b.x, 4, 3);
  b.x = b.BatchNorm(b.Node1("Add", {a, b.Conv(b.x, 4, 1)}));
  b.x = b.Gemm(b.Node1("Flatten", {b.x}), 2);
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "add 1, conv2d 1, depthwise_conv2d 1, linear 2, reshape 1");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-4);
}

TEST(Pipeline, OneHeadWithoutSplittingIsAttention) {
  NetworkBuilder b(4, {1, 6, 8});
  ValueId q = b.Dense(b.x, 8), k = b.Dense(b.x, 8), v = b.Dense(b.x, 8);
  ValueId scores = b.Node1("MatMul", {q, b.Transpose(k, {0, 2, 1})});
  b.x = b.Node1("MatMul", {b.Node1("Softmax", {scores}), v});
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "attention 1, linear 3");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-5);
}

TEST(Pipeline, TheAnnotatedScoresBecomeTheAttentionsScale) {
  NetworkBuilder b(4, {1, 6, 8});
  b.x = b.Attention(b.x, 2, true);
  Graph g = b.Build();
  for (const Node& node : g.nodes) {
    if (node.op == "Mul") g.value(node.outputs[0]).quantization = Quantization::PerTensor(0.25f, 7);
  }
  for (const Node& node : Lower(g).nodes) {
    if (node.op != "attention") continue;
    EXPECT_EQ(node.Int("heads", 0), 2);
    EXPECT_FLOAT_EQ(static_cast<float>(node.Float("scale", 0)), 0.5f);
    EXPECT_EQ(node.Float("score_scale", 0), 0.25);
    EXPECT_EQ(node.Int("score_zero_point", 0), 7);
    return;
  }
  FAIL() << "no attention";
}

TEST(Pipeline, IntegerWeightsStayIntegerAndKeepTheirAxis) {
  NetworkBuilder b(1, {1, 3});
  ValueId w = b.graph.AddTypedConstant<int8_t>("w", DType::kInt8, {3, 2}, {1, 2, 3, 4, 5, 6});
  b.graph.value(w).quantization = Quantization{{0.5f, 0.25f}, 0, 1};
  b.x = b.Node1("MatMul", {b.x, w});
  Graph lowered = Lower(b.Build());
  const Value& weight = lowered.value(lowered.nodes[0].inputs[1]);
  EXPECT_EQ(weight.Elements<int8_t>(), (std::vector<int8_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(weight.quantization->axis, 0);
}

TEST(Pipeline, ProductsOfActivationsAreNamed) {
  NetworkBuilder b(1, {1, 4, 4});
  b.x = b.Node1("MatMul", {b.Dense(b.x, 4), b.Dense(b.x, 4)});
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/pattern] node 'MatMul7' (MatMul)\n"
            "  expected: a product with a constant matrix, or part of self-attention or sequence "
            "pooling\n"
            "  found:    operands [1, 4, 4] and [1, 4, 4]\n"
            "  fix:      docs/adding_an_operator.md lists the patterns that the compiler knows");
}

TEST(Pipeline, ActivationsThatNothingCanCarryStandAlone) {
  NetworkBuilder b(1, {1, 4});
  ValueId h = b.Gemm(b.Node1("Relu", {b.x}), 4);
  b.x = b.Node1("Add", {h, b.Node1("Relu", {h})});
  Graph g = b.Build(), lowered = Lower(g);
  EXPECT_EQ(CountOps(lowered), "add 1, linear 1, requantize 2");
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-6);
}

TEST(Pipeline, ClipBoundsAreConstant) {
  NetworkBuilder b(1, {1, 1});
  b.x = b.Node1("Clip", {b.Gemm(b.x, 1), b.Node1("Relu", {b.x})});
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/clip-bound] node 'Clip4' (Clip)\n  expected: constant bounds\n"
            "  found:    'Relu3', computed at run time\n  fix:      clip with fixed bounds");
}

TEST(Pipeline, WeightsMustBeConstant) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Node1("Gemm", {b.x, b.Reshape(b.Node1("Relu", {b.x}), {4, 1})});
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/weights-not-constant] node 'Gemm4' (Gemm)\n  expected: constant weight "
            "and bias\n"
            "  found:    operands computed at run time\n"
            "  fix:      export the trained parameters as initialisers");
}

TEST(Pipeline, ParametersOfLayerNormAreConstant) {
  NetworkBuilder b(1, {1, 4});
  ValueId one = b.Random("one", {4}, 1, 2);
  b.x = b.Node1("LayerNormalization", {b.x, one, b.Reshape(b.x, {4})});
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/weights-not-constant] node 'LayerNormalization3' (LayerNormalization)\n"
            "  expected: constant weight and bias\n  found:    operands computed at run time\n"
            "  fix:      export the trained parameters as initialisers");
}

TEST(Pipeline, LogitsInAnotherOrderArePooledByNoKernel) {
  NetworkBuilder b(4, {1, 6, 8});
  ValueId logits = b.Node1("MatMul", {b.x, b.Random("w", {8, 1}, -1, 1)});
  logits = b.Reshape(b.Transpose(b.Reshape(logits, {1, 2, 3}), {0, 2, 1}), {1, 1, 6});
  b.x = b.Node1("MatMul", {b.Node1("Softmax", {logits}), b.x});
  EXPECT_EQ(LowerError(b.Build()),
            PatternError("MatMul8' (MatMul", kProduct, "operands [1, 1, 6] and [1, 6, 8]"));
}

TEST(Pipeline, ConstantsAreNotAttended) {
  NetworkBuilder pool(4, {1, 6, 8});
  ValueId weights = pool.Node1("Softmax", {pool.Transpose(pool.Dense(pool.x, 1), {0, 2, 1})});
  pool.x = pool.Node1("MatMul", {weights, pool.Random("v", {1, 6, 8}, -1, 1)});
  EXPECT_EQ(LowerError(pool.Build()),
            PatternError("MatMul6' (MatMul", kProduct, "operands [1, 1, 6] and [1, 6, 8]"));
  NetworkBuilder b(4, {1, 6, 8});
  ValueId scores = b.Node1("MatMul", {b.Dense(b.x, 8), b.Transpose(b.Dense(b.x, 8), {0, 2, 1})});
  b.x = b.Node1("MatMul", {b.Node1("Softmax", {scores}), b.Random("v", {1, 6, 8}, -1, 1)});
  EXPECT_EQ(LowerError(b.Build()),
            PatternError("MatMul8' (MatMul", kProduct, "operands [1, 6, 8] and [1, 8, 6]"));
}

TEST(Pipeline, RowsOfOneGemmShareItsBias) {
  for (const Shape& bias : {Shape{4, 1}, Shape{4, 3}}) {
    NetworkBuilder b(4, {4, 8});
    b.x = b.Node1("Gemm", {b.x, b.Random("w", {8, 3}, -1, 1), b.Random("b", bias, -1, 1)});
    EXPECT_EQ(LowerError(b.Build()),
              PatternError("Gemm1' (Gemm", "a constant matrix and a bias that all rows share",
                           "operands [4, 8] and [8, 3] and " + ToString(bias)));
  }
}

TEST(Pipeline, MoreThanFourAxesMoveTogether) {
  NetworkBuilder b(4, {1, 6, 4, 4});
  ValueId split = b.Reshape(b.Conv(b.x, 6, 3), {1, 2, 3, 4, 4});
  ValueId shuffled = b.Reshape(b.Transpose(split, {0, 2, 1, 3, 4}), {1, 6, 4, 4});
  b.x = b.Conv(shuffled, 4, 3, 1, 2);
  Graph g = b.Build(), lowered = Lower(g);
  for (const Node& node : lowered.nodes) {
    if (node.op != "transpose") continue;
    EXPECT_LE(node.Ints("perm", {}).size(), 4u) << Print(lowered);
  }
  EXPECT_LT(LoweringError(g, lowered, 2), 1e-5);
}

TEST(Pipeline, FiveAxesThatMoveByThemselvesAreNamed) {
  NetworkBuilder b(4, {1, 32});
  b.x = b.Transpose(b.Reshape(b.Node1("Relu", {b.x}), {2, 2, 2, 2, 2}), {4, 3, 2, 1, 0});
  EXPECT_EQ(LowerError(b.Build()),
            PatternError("Transpose4' (transpose", "at most four axes that move by themselves",
                         "operands [2, 2, 2, 2, 2]"));
}

TEST(Pipeline, WindowsAreOfOneImage) {
  NetworkBuilder b(4, {1, 4, 4, 4});
  b.x = b.MaxPool(b.Reshape(b.x, {2, 2, 4, 4}));
  EXPECT_EQ(LowerError(b.Build()),
            PatternError("MaxPool3' (max_pool2d", "one image at a time", "operands [2, 4, 4, 2]"));
}

TEST(Pipeline, BatchNormOfTokensIsNamed) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.BatchNorm(b.x);
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/batch-norm] node 'BatchNormalization2' (BatchNormalization)\n"
            "  expected: an image [1, channels, height, width] and constant parameters\n"
            "  found:    operand of shape [1, 4]\n  fix:      export in evaluation mode");
}

TEST(Pipeline, BatchNormWithoutARootIsNamed) {
  NetworkBuilder b(1, {1, 2, 3, 3});
  b.x = b.BatchNorm(b.x);
  Graph g = b.Build();
  g.value(g.nodes[0].inputs[4]).SetElements(std::vector<float>{1, -0.5F});
  EXPECT_EQ(LowerError(g),
            "error[compile/batch-norm] node 'BatchNormalization2' (BatchNormalization)\n"
            "  expected: variances that with epsilon are above 0\n"
            "  found:    -0.499990 in channel 1\n"
            "  fix:      export the model again: its statistics are damaged");
}

TEST(Pipeline, DilatedPoolsAreNamed) {
  NetworkBuilder b(1, {1, 2, 6, 6});
  b.x = b.Node1(
      "MaxPool", {b.x},
      {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"dilations", std::vector<int64_t>{2, 1}}});
  EXPECT_EQ(LowerError(b.Build()),
            "error[compile/pool-dilations] node 'MaxPool1' (MaxPool)\n"
            "  expected: dilations [1, 1]\n  found:    dilations [2, 1]\n"
            "  fix:      pool without dilations: no kernel has them");
}

}  // namespace
}  // namespace tinyformer
