#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "base/rng.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/gemm.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

std::vector<float> RandomFloats(Rng& rng, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = static_cast<float>(rng.Uniform(-1, 1));
  return values;
}

Graph Input(Shape shape) {
  Graph g;
  g.inputs = {g.AddValue({"x", DType::kFloat32, std::move(shape), std::nullopt, std::nullopt})};
  return g;
}

// Appends a node on the graph's last node's output (or its input), shapes inferred.
ValueId Append(Graph& g, const std::string& op, std::vector<ValueId> operands,
               std::map<std::string, Attribute> attributes = {}) {
  Node node{op + "_node", op, std::move(operands), {}, std::move(attributes)};
  Shape shape = InferShapes({g, node, kGraphOpset}).at(0);
  g.outputs = {g.AddNode(node, shape)};
  return g.outputs[0];
}

template <typename F>
std::string ErrorText(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(OpTable, IsSortedAndComplete) {
  OpDef::Level level = OpDef::Level::kOnnx;
  std::string before;
  for (const OpDef* op : AllOps()) {
    if (op->level != level) before.clear();
    level = op->level;
    EXPECT_LT(before, op->name);
    before = op->name;
    EXPECT_NE(op->infer, nullptr) << op->name;
    EXPECT_NE(op->evaluate, nullptr) << op->name;
    EXPECT_EQ(FindOp(op->name), op);
  }
  EXPECT_EQ(ListOps().size(), AllOps().size() + 3);
  EXPECT_EQ(
      ListOps()[0].dump(),
      R"({"name":"Add","level":"onnx","opsets":"11..20","accepts":"two activations of one shape, or a )"
      R"(constant bias after Conv, MatMul or Gemm","quantize":"own scale"})");
}

TEST(Gemm, EqualsThePlainSumForAnySize) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const int64_t m = 1 + static_cast<int64_t>(rng.Below(9)),
                  n = 1 + static_cast<int64_t>(rng.Below(70)),
                  k = 1 + static_cast<int64_t>(rng.Below(40));
    auto a = RandomFloats(rng, m * k), b = RandomFloats(rng, k * n), c = RandomFloats(rng, m * n),
         plain = c;
    Gemm(m, n, k, a.data(), k, b.data(), n, c.data(), n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = plain[static_cast<size_t>(i * n + j)];
        for (int64_t p = 0; p < k; ++p) {
          sum += double{a[static_cast<size_t>(i * k + p)]} * b[static_cast<size_t>(p * n + j)];
        }
        // k products of at most 1, each rounded once, sums at most k: k * (k + 1) * 2^-24.
        EXPECT_NEAR(c[static_cast<size_t>(i * n + j)], sum, static_cast<double>(k * (k + 1)) * 6e-8)
            << "seed " << seed;
      }
    }
  }
}

TEST(Conv, OneByHandPaddedStridedDilated) {
  Graph g = Input({1, 1, 3, 3});
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
    Graph first = Input({1, c, h, width});
    Append(first, "Conv",
           {first.inputs[0], first.AddConstant("w", {o, c / group, k, k}, wt),
            first.AddConstant("b", {o}, bias)},
           attributes);
    Graph last = Input({1, h, width, c});
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
  Graph g = Input({1, 3, 8, 8});
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
  Graph g = Input({1, 1, 2, 8});
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
  Graph g = Input({1, 3, 8});
  ValueId w = g.AddConstant("w", {4, 3, 3}, std::vector<float>(36));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w});
            }),
            "error[import/rank] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: operand 'x' with 4 dimensions\n  found:    shape [1, 3, 8]\n"
            "  fix:      use two-dimensional images [1, channels, height, width]");
}

TEST(Conv, RefusesBrokenStrides) {
  Graph g = Input({1, 1, 8, 8});
  ValueId w = g.AddConstant("w", {1, 1, 3, 3}, std::vector<float>(9));
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Conv", {g.inputs[0], w}, {{"strides", std::vector<int64_t>{0, 1}}});
            }),
            "error[import/attribute] node 'Conv_node' (Conv, opset 17)\n"
            "  expected: strides: 2 integers, each at least 1\n  found:    strides [0, 1]\n"
            "  fix:      export the model again with two-dimensional windows");
}

TEST(Reshape, ResolvesZeroAndMinusOne) {
  Graph g = Input({1, 6, 4});
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {4}, {0, -1, 2, 4});
  EXPECT_EQ(g.value(Append(g, "Reshape", {g.inputs[0], target})).shape, (Shape{1, 3, 2, 4}));
}

TEST(Reshape, RefusesAnotherNumberOfElements) {
  Graph g = Input({1, 6, 4});
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {2}, {-1, 5});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Reshape", {g.inputs[0], target});
            }),
            "error[import/reshape-target] node 'Reshape_node' (Reshape, opset 17)\n"
            "  expected: a shape with 24 elements, as [1, 6, 4]\n  found:    [-1, 5]\n"
            "  fix:      export with batch size 1 and fixed shapes");
}

TEST(Reshape, RefusesHugeTargetsWithoutOverflow) {
  Graph g = Input({1, 6, 4});
  const int64_t huge = int64_t{1} << 62;
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {3}, {huge, huge, 4});
  EXPECT_THROW(Append(g, "Reshape", {g.inputs[0], target}), Error);
}

TEST(Softmax, RefusesOtherAxes) {
  Graph g = Input({2, 3, 4});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Softmax", {g.inputs[0]}, {{"axis", int64_t{1}}});
            }),
            "error[import/softmax-axis] node 'Softmax_node' (Softmax, opset 17)\n"
            "  expected: axis -1 or 2 for input [2, 3, 4]\n  found:    axis 1\n"
            "  fix:      transpose before Softmax, or export with axis=-1");
}

TEST(MatMul, RefusesUnequalInnerDimensions) {
  Graph g = Input({1, 3, 4});
  ValueId w = g.AddConstant("w", {5, 2}, std::vector<float>(10));
  EXPECT_EQ(
      ErrorText([&] {
        Append(g, "MatMul", {g.inputs[0], w});
      }),
      "error[import/inner-dimension] node 'MatMul_node' (MatMul, opset 17)\n"
      "  expected: operands whose inner dimensions are equal\n  found:    [1, 3, 4] and [5, 2]\n"
      "  fix:      export the model again: the operands do not multiply");
}

TEST(Add, RefusesShapesThatDoNotBroadcast) {
  Graph g = Input({1, 3, 4});
  ValueId b = g.AddConstant("b", {3}, {1, 2, 3});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Add", {g.inputs[0], b});
            }),
            "error[import/broadcast] node 'Add_node' (Add, opset 17)\n"
            "  expected: operands that broadcast to one shape\n  found:    [1, 3, 4] and [3]\n"
            "  fix:      reshape one operand before this node");
}

TEST(Operands, MissingOnesAreCounted) {
  Graph g = Input({1, 3, 4});
  EXPECT_EQ(ErrorText([&] { Append(g, "Add", {g.inputs[0]}); }),
            "error[import/operands] node 'Add_node' (Add, opset 17)\n"
            "  expected: 2 operands\n  found:    1 operands\n"
            "  fix:      export the model again: the file breaks the operator's definition");
}

// One row an error: the node that raises it and the message's three lines.
struct BadNode {
  const char* name;
  std::string op;
  Shape x;
  std::vector<Shape> constants;
  std::map<std::string, Attribute> attributes;
  std::string text;
};

using Ints = std::vector<int64_t>;

TEST(Operators, RefuseWhatTheyCannotMean) {
  const std::string again = "export the model again: the parameters do not match their input";
  const std::vector<BadNode> table = {
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
      {"clip",
       "Clip",
       {1, 4},
       {{2}},
       {},
       "error[import/clip-bound] node 'Clip_node' (Clip, opset 17)\n  expected: a bound that is "
       "one number\n"
       "  found:    operand 'c0' of shape [2]\n  fix:      clip with scalar bounds"},
      {"training",
       "BatchNormalization",
       {1, 2, 3, 3},
       {{2}, {2}, {2}, {2}},
       {{"training_mode", int64_t{1}}},
       "error[import/attribute] node 'BatchNormalization_node' (BatchNormalization, opset 17)\n"
       "  expected: training_mode 0\n  found:    training_mode 1\n"
       "  fix:      export the model in evaluation mode (model.eval())"},
      {"norm channels",
       "BatchNormalization",
       {1, 2, 3, 3},
       {{2}, {3}, {2}, {2}},
       {},
       "error[import/channels] node 'BatchNormalization_node' (BatchNormalization, opset 17)\n"
       "  expected: one parameter per channel, shape [2]\n  found:    operand 'c1' of shape [3]\n  "
       "fix:      " +
           again},
      {"layernorm axis",
       "LayerNormalization",
       {1, 3, 4},
       {{4}, {4}},
       {{"axis", int64_t{1}}},
       "error[import/layernorm-axis] node 'LayerNormalization_node' (LayerNormalization, opset "
       "17)\n"
       "  expected: axis -1 or 2 for input [1, 3, 4]\n  found:    axis 1\n"
       "  fix:      normalise over the last axis only"},
      {"layernorm channels",
       "LayerNormalization",
       {1, 3, 4},
       {{3}},
       {},
       "error[import/channels] node 'LayerNormalization_node' (LayerNormalization, opset 17)\n"
       "  expected: one parameter per channel, shape [4]\n  found:    operand 'c0' of shape [3]\n  "
       "fix:      " +
           again},
      {"transA",
       "Gemm",
       {4, 1},
       {{4, 2}},
       {{"transA", int64_t{1}}},
       "error[import/attribute] node 'Gemm_node' (Gemm, opset 17)\n  expected: transA 0\n  found:  "
       "  transA 1\n"
       "  fix:      transpose the operand before this node"},
      {"gemm bias",
       "Gemm",
       {1, 4},
       {{4, 2}, {2, 2}},
       {},
       "error[import/bias-shape] node 'Gemm_node' (Gemm, opset 17)\n"
       "  expected: a bias that broadcasts to [1, 2]\n  found:    shape [2, 2]\n"
       "  fix:      give one bias per output"},
      {"linear bias",
       "linear",
       {1, 4},
       {{2, 4}, {3}},
       {},
       "error[import/bias-shape] node 'linear_node' (linear, opset 17)\n  expected: a bias of "
       "shape [2]\n"
       "  found:    shape [3]\n  fix:      give one bias per output"},
      {"perm",
       "Transpose",
       {1, 4},
       {},
       {{"perm", Ints{0, 0}}},
       "error[import/permutation] node 'Transpose_node' (Transpose, opset 17)\n"
       "  expected: perm that holds each of 0..1 once\n  found:    perm [0, 0]\n"
       "  fix:      export the model again: the permutation does not fit its input"},
      {"softmax axis",
       "Softmax",
       {1, 4},
       {},
       {{"axis", int64_t{5}}},
       "error[import/axis] node 'Softmax_node' (Softmax, opset 17)\n  expected: axis in [-2, 1]\n"
       "  found:    axis 5\n  fix:      export the model again with an axis of the operand"},
      {"attention",
       "attention",
       {1, 3, 4},
       {{1, 3, 4}, {1, 3, 4}},
       {{"heads", int64_t{3}}},
       "error[import/attention] node 'attention_node' (attention, opset 17)\n"
       "  expected: q, k, v of one shape whose width the heads divide\n"
       "  found:    [1, 3, 4], [1, 3, 4], [1, 3, 4] with 3 heads\n  fix:      use self-attention "
       "with equal widths"},
      {"attention_pool",
       "attention_pool",
       {1, 3, 1},
       {{1, 4, 2}},
       {},
       "error[import/attention] node 'attention_pool_node' (attention_pool, opset 17)\n"
       "  expected: one logit per token, shape [1, 4, 1]\n  found:    shape [1, 3, 1]\n"
       "  fix:      score each token once"},
  };
  for (const BadNode& bad : table) {
    Graph g = Input(bad.x);
    std::vector<ValueId> operands = g.inputs;
    for (size_t i = 0; i < bad.constants.size(); ++i) {
      std::vector<float> ones(static_cast<size_t>(ElementCount(bad.constants[i])), 1.0f);
      std::string name = "c";
      name += std::to_string(i);
      operands.push_back(g.AddConstant(name, bad.constants[i], ones));
    }
    EXPECT_EQ(ErrorText([&] { Append(g, bad.op, operands, bad.attributes); }), bad.text)
        << bad.name;
  }
}

TEST(LayerNorm, IsBoundedByTheSquareRootOfTheWidth) {
  Rng rng(3);
  Graph g = Input({1, 5, 44});
  ValueId gamma = g.AddConstant("g", {44}, std::vector<float>(44, 1.0f));
  ValueId beta = g.AddConstant("b", {44}, std::vector<float>(44, 0.0f));
  Append(g, "layernorm", {g.inputs[0], gamma, beta});
  std::vector<float> x(220, 0.0f);
  x[7] = 1000.0f;
  auto y = FloatEvaluator(g).Run(x);
  EXPECT_NEAR(y[7], std::sqrt(43.0f), 1e-4);
  EXPECT_FLOAT_EQ(y[100], 0.0f);
}

TEST(Evaluator, SimulatesTheQuantizedGrid) {
  Graph g = Input({1, 3});
  ValueId y = Append(g, "Relu", {g.inputs[0]});
  g.value(y).quantization = Quantization::PerTensor(0.5f, -128);
  EvaluateOptions simulate;
  simulate.simulate_quantization = true;
  EXPECT_EQ(FloatEvaluator(g, simulate).Run({-1.0f, 0.6f, 1000.0f}),
            (std::vector<float>{0.0f, 0.5f, 127.5f}));
}

// As many multiply-accumulates as reference point A, in its kinds of layers: the calibrator runs
// this per image.
TEST(Evaluator, RunsAHundredMillionMacInReasonableTime) {
  Rng rng(1);
  Graph g = Input({1, 64, 32, 32});
  ValueId w = g.AddConstant("w", {192, 64, 3, 3}, RandomFloats(rng, 192 * 64 * 9));
  Append(g, "Conv", {g.inputs[0], w}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  auto x = RandomFloats(rng, 64 * 32 * 32);
  FloatEvaluator evaluator(g);
  evaluator.Run(x);
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    auto start = std::chrono::steady_clock::now();
    evaluator.Run(x);
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  RecordProperty("seconds_for_113_million_mac", std::to_string(best));
  std::printf("113 M MAC in %.4f s\n", best);
  EXPECT_LT(best, 30.0) << "even without vector instructions";
}

}  // namespace
}  // namespace tinyformer
