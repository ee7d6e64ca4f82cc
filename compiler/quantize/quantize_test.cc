#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/testing_error.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/fixed_point.h"
#include "compiler/quantize/layers_for_tests.h"
#include "compiler/quantize/quantize_graph.h"
#include "compiler/quantize/quantize_weights.h"

namespace tinyformer {
namespace {

CalibrationImages RandomImages(const Graph& g, int64_t count) {
  return {count, [&g](int64_t index, float* input) {
            auto image = RandomInput(g, static_cast<uint64_t>(index) + 100);
            std::copy(image.begin(), image.end(), input);
          }};
}

CalibrationOptions MinMaxOptions() {
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  return options;
}

Graph Annotated(const Graph& g, CalibrationMethod method = CalibrationMethod::kMinMax) {
  CalibrationOptions options;
  options.method = method;
  return Calibrate(g, RandomImages(g, 8), options);
}

TEST(FixedPoint, FollowsTheContract) {
  EXPECT_EQ(ToFixedPoint({0.25, 0.4999}).shift, -1);
  EXPECT_EQ(ToFixedPoint({0.25}).multiplier[0], 1 << 30);
  EXPECT_EQ(ToFixedPoint({0.5}).shift, 0);
  EXPECT_EQ(ToFixedPoint({0.5}).multiplier[0], 1 << 30);
  EXPECT_EQ(ToFixedPoint({1.0}).shift, 1);
  EXPECT_EQ(ToFixedPoint({0.49999999999}).multiplier[0], INT32_MAX);
  EXPECT_EQ(ToFixedPointWide(0.25).shift, -1);
  EXPECT_EQ(ToFixedPointWide(std::ldexp(1.0, -17)).shift, -16);
  EXPECT_EQ(ToFixedPointWide(std::ldexp(1.0, -20)).shift, -17);
  EXPECT_EQ(ToFixedPointWide(std::ldexp(1.0, -20)).multiplier[0], 1 << 28);
}

TEST(FixedPoint, IsWithinHalfAUnitForEveryReal) {
  Rng rng(5);
  for (int i = 0; i < 1000; ++i) {
    const double real = std::exp(rng.Uniform(-12, 6));
    for (const FixedPoint& f : {ToFixedPoint({real}), ToFixedPointWide(real)}) {
      EXPECT_NEAR(std::ldexp(f.multiplier[0], f.shift - 31), real,
                  std::ldexp(0.5000001, f.shift - 31))
          << real;
      EXPECT_GE(f.shift, -31);
      EXPECT_LE(f.shift, 30);
    }
  }
}

TEST(FixedPoint, ExponentialTableStartsAtItsLargest) {
  auto table = ExponentialTable(0.1, 64);
  EXPECT_EQ(table[0], 32767);
  EXPECT_EQ(table[10], std::lround(32767 * std::exp(-1.0)));
  EXPECT_EQ(ExponentialTable(0.1, 32768)[0], 257);
}

TEST(QuantizeWeights, ZerosStayZeroAndTheLargestIs127) {
  Int8Weights w = QuantizeWeights({0.0f, -2.0f, 0.5f, 0.0f, 0.0f, 0.0f}, {3, 2}, 0, {}, 0.1);
  EXPECT_EQ(w.elements, (std::vector<int8_t>{0, -127, 127, 0, 0, 0}));
  EXPECT_FLOAT_EQ(w.scales[0], 2.0f / 127);
  EXPECT_FLOAT_EQ(w.scales[1], 0.5f / 127);
  EXPECT_FLOAT_EQ(w.scales[2], 2.0f / 127) << "a channel of zeros takes the largest scale";
}

TEST(QuantizeWeights, TheAxisMayBeTheLast) {
  Int8Weights w = QuantizeWeights({1.0f, 10.0f, -0.5f, 5.0f}, {2, 2}, 1, {}, 0.1);
  EXPECT_EQ(w.elements, (std::vector<int8_t>{127, 127, -63, 63}));
}

TEST(QuantizeWeights, HugeBiasesRaiseTheScale) {
  Int8Weights w = QuantizeWeights({1e-6f}, {1, 1}, 0, {100.0f}, 1e-3);
  EXPECT_LE(100.0 / (1e-3 * static_cast<double>(w.scales[0])), std::ldexp(1.0, 29));
}

TEST(QuantizeGraph, EveryLayerIsWithinOneLsbOfTheRealResult) {
  for (uint64_t seed = 0; seed < 6; ++seed)
    ExpectLayersWithinOneLsb(Annotated(SmallTinyFormer(seed)), seed);
}

TEST(QuantizeGraph, PoolsAndClipsAreWithinOneLsbToo) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    NetworkBuilder b(seed, {1, 3, 9, 9});
    ValueId low = b.graph.AddConstant("low", {}, {-0.5f}),
            high = b.graph.AddConstant("high", {}, {0.75f});
    b.x = b.Node1("Clip", {b.Conv(b.x, 6, 3, 1, 3), low, high});
    b.x = b.Node1("AveragePool", {b.x},
                  {{"kernel_shape", std::vector<int64_t>{3, 3}},
                   {"strides", std::vector<int64_t>{2, 2}},
                   {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                   {"count_include_pad", static_cast<int64_t>(seed % 2)}});
    b.x = b.Node1("Relu", {b.Node1("Add", {b.x, b.Node1("Relu", {b.x})})});
    b.x = b.Gemm(b.Node1("Flatten", {b.Node1("GlobalAveragePool", {b.x})}), 5);
    b.x = b.Node1("Softmax", {b.x});
    ExpectLayersWithinOneLsb(Annotated(b.Build()), seed);
  }
}

TEST(QuantizeGraph, ProbabilitiesHaveStepsOfTheirOwn) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Reshape(b.Node1("Softmax", {b.x}), {4, 1});
  Graph g = b.Build();
  g.value(g.inputs[0]).quantization = Quantization::PerTensor(0.1F, 0);
  const Graph q = QuantizeGraph(Lower(g));
  EXPECT_EQ(q.value(q.outputs[0]).quantization, Quantization::PerTensor(1.0F / 256, -128));
}

TEST(QuantizeGraph, FastAndReferenceKernelsGiveTheSameBytes) {
  Graph q = QuantizeGraph(Lower(Annotated(SmallTinyFormer(2))));
  auto input = QuantizeInput(q, RandomInput(SmallTinyFormer(2), 1));
  EXPECT_EQ(QuantizedEvaluator(q).Run(input),
            QuantizedEvaluator(q, EngineKernels::kReference).Run(input));
}

// The figures that the project states of the compiler's speed; the bounds hold without optimisation
// and sanitizers too.
TEST(QuantizeGraph, ReferencePointARunsFast) {
  Graph g = ReferencePointAShapes(1);
  auto seconds = [](const std::function<void()>& f) {
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      auto start = std::chrono::steady_clock::now();
      f();
      best = std::min(
          best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return best;
  };
  auto image = RandomInput(g, 1);
  FloatEvaluator real(g);
  const double float_seconds = seconds([&] { real.Run(image); });
  Graph q = QuantizeGraph(Lower(Calibrate(g, RandomImages(g, 1), MinMaxOptions())));
  auto input = QuantizeInput(q, image);
  QuantizedEvaluator integers(q);
  const double integer_seconds = seconds([&] { integers.Run(input); });
  std::printf("reference point A, one image: float %.4f s, int8 %.4f s\n", float_seconds,
              integer_seconds);
  EXPECT_LT(float_seconds, 30.0);
  EXPECT_LT(integer_seconds, 30.0);
}

TEST(QuantizeGraph, IsDeterministic) {
  EXPECT_EQ(Fingerprint(QuantizeGraph(Lower(Annotated(SmallTinyFormer(2))))),
            Fingerprint(QuantizeGraph(Lower(Annotated(SmallTinyFormer(2))))));
}

TEST(QuantizeGraph, LayernormBitsFollowTheOption) {
  Graph lowered = Lower(Annotated(SmallTinyFormer(0)));
  auto bits = [&](LayernormBits option) {
    QuantizeOptions options;
    options.layernorm = option;
    for (const Node& node : QuantizeGraph(lowered, options).nodes) {
      if (node.op == "layernorm") return node.Int("norm_bits", -1);
    }
    return int64_t{-1};
  };
  EXPECT_EQ(bits(LayernormBits::kLargest), 13);  // 8 channels: 2^13 * sqrt(7) < 32766
  EXPECT_EQ(bits(LayernormBits::kPaper), 7);
  EXPECT_EQ(bits(LayernormBits::kNaive), 0);
}

TEST(QuantizeGraph, DifferentScalesAroundAMovementGetARequantize) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Reshape(b.Gemm(b.x, 4), {1, 2, 2});
  Graph g = Annotated(b.Build());
  g.value(g.outputs[0]).quantization = Quantization::PerTensor(0.5f, 3);
  Graph q = QuantizeGraph(Lower(g));
  EXPECT_EQ(CountOps(q), "linear 1, requantize 1, reshape 1");
  EXPECT_EQ(q.value(q.outputs[0]).quantization->zero_point, 3);
}

TEST(QuantizeGraph, FloatModelsAreRefused) {
  Graph g = Lower(SmallTinyFormer(0));
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            "error[quantize/missing] tensor 'image'\n  expected: a scale and a zero point for "
            "every activation\n"
            "  found:    none: the model is float\n  fix:      give --calibrate DATA, or a model "
            "in QDQ form");
}

TEST(QuantizeGraph, AttentionNeedsScores) {
  Graph g = Lower(Annotated(SmallTinyFormer(0)));
  for (Node& node : g.nodes) node.attributes.erase("score_scale");
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            "error[quantize/scores] node 'MatMul57' (attention)\n"
            "  expected: a quantization of the attention scores (the operand of Softmax)\n  found: "
            "   none\n"
            "  fix:      give --calibrate DATA, or quantize the scores in the QDQ file");
}

TEST(QuantizeGraph, AsymmetricWeightsAreRefused) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Gemm(b.x, 4);
  Graph g = Lower(Annotated(b.Build()));
  g.value(g.nodes[0].inputs[1]).quantization->zero_point = 5;
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            "error[quantize/weights] node 'Gemm2' (linear)\n"
            "  expected: int8 weights with zero point 0, one scale or one per output channel\n"
            "  found:    int8 weights with zero point 5\n"
            "  fix:      quantize weights symmetrically, per output channel");
}

TEST(QuantizeGraph, SumsOfMoreThan32BitsAreRefused) {
  NetworkBuilder b(1, {1, 65537});
  b.x = b.Gemm(b.x, 1);
  Graph g = Lower(Annotated(b.Build()));
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            "error[quantize/range] node 'Gemm2' (linear)\n"
            "  expected: at most 65536 weights per output, so that a sum stays within 32 bits\n"
            "  found:    65537\n"
            "  fix:      make the layer's input smaller, for example by pooling before it");
}

TEST(QuantizeGraph, LongRowsAreRefused) {
  NetworkBuilder norm(1, {1, 32769}), b(1, {1, 1, 32769});
  norm.x = norm.LayerNorm(norm.x);
  ValueId scores = b.Node1("MatMul", {b.x, b.Transpose(b.x, {0, 2, 1})});
  b.x = b.Node1("MatMul", {b.Node1("Softmax", {scores}), b.x});
  const auto refused = [](const std::string& node, const std::string& what) {
    return "error[quantize/range] node '" + node + ")\n  expected: at most 32768 " + what +
           ", so that a sum stays within 32 bits\n  found:    32769\n"
           "  fix:      make the layer's input smaller, for example by pooling before it";
  };
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(Lower(Annotated(norm.Build()))); }),
            refused("LayerNormalization2' (layernorm", "channels"));
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(Lower(Annotated(b.Build()))); }),
            refused("MatMul4' (attention", "channels per head"));
}

TEST(QuantizeGraph, AccumulatorsStayWithin32BitsAfterTheirMultiplier) {
  const auto refused = [](const std::string& node, const std::string& what, double found) {
    return "error[quantize/range] node '" + node + ")\n  expected: " + what +
           " within 32-bit arithmetic\n  found:    " + std::to_string(found) +
           "\n  fix:      calibrate again: the scales of this layer's tensors are too far apart";
  };
  NetworkBuilder norm(1, {1, 8});
  ValueId unit = norm.graph.AddConstant("unit", {8}, std::vector<float>(8, 32767.0f));
  norm.x = norm.Node1("LayerNormalization", {norm.x, unit});
  Graph g = Lower(Annotated(norm.Build()));
  g.value(g.outputs[0]).quantization = Quantization::PerTensor(0x1p-14f, 0);
  // 2^13 sqrt(7) < 32766: gamma's step is 1, M is 2^-13 2^14.
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            refused("LayerNormalization1' (layernorm", "an output",
                    2 * (32767.0 * 32767 + std::ldexp(1.0, 30))));
  NetworkBuilder b(1, {1, 6, 8});
  b.x = b.Attention(b.x, 2, false);
  g = Lower(Annotated(b.Build()));
  for (Node& node : g.nodes) {
    if (node.op != "attention") continue;
    for (ValueId id : node.inputs) g.value(id).quantization = Quantization::PerTensor(1.0f, 0);
    node.attributes["score_scale"] = 0x1p-14;
  }
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            refused("MatMul21' (attention", "a score", 4 * 65025 * 0x1p14));
}

TEST(QuantizeGraph, ScalesTooFarApartAreRefused) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Node1("Add", {b.Gemm(b.x, 4), b.x});
  Graph g = Lower(Annotated(b.Build()));
  g.value(g.outputs[0]).quantization = Quantization::PerTensor(1e-12f, 0);
  const Quantization a = *g.value(g.nodes[1].inputs[0]).quantization,
                     b2 = *g.value(g.inputs[0]).quantization;
  const double ratio =
      static_cast<double>(std::max(a.scales[0], b2.scales[0])) / static_cast<double>(1e-12f);
  EXPECT_EQ(
      ErrorText([&] { QuantizeGraph(g); }),
      "error[quantize/range] node 'Add3' (add)\n"
      "  expected: a ratio of scales within 32-bit arithmetic\n  found:    " +
          std::to_string(ratio) +
          "\n  fix:      calibrate again: the scales of this layer's tensors are too far apart");
}

TEST(QuantizeGraph, OperatorsWithoutKernelsAreNamed) {
  Graph g = Lower(Annotated(SmallTinyFormer(0)));
  for (Node& node : g.nodes) {
    if (node.op == "add") node.op = "mul";
  }
  EXPECT_EQ(ErrorText([&] { QuantizeGraph(g); }),
            "error[quantize/no-kernel] node 'Add21' (mul)\n"
            "  expected: one of add, attention, attention_pool, average_pool2d, conv2d, "
            "depthwise_conv2d, layernorm, "
            "linear, max_pool2d, requantize, reshape, softmax, transpose\n  found:    mul\n"
            "  fix:      docs/adding_an_operator.md shows how to add a kernel");
}

}  // namespace
}  // namespace tinyformer
