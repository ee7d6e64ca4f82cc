#include "compiler/quantize/calibrate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/testing_error.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibration_points.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/histogram.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {
namespace {

CalibrationImages RandomImages(const Graph& g, int64_t count) {
  return {count, [&g](int64_t index, float* input) {
            auto image = RandomInput(g, static_cast<uint64_t>(index) + 100);
            std::copy(image.begin(), image.end(), input);
          }};
}

TEST(QuantizationOf, ZeroIsExactAndTheRangeIsCovered) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    Range r{static_cast<float>(-std::exp(rng.Uniform(-6, 3))),
            static_cast<float>(std::exp(rng.Uniform(-6, 3)))};
    Quantization q = QuantizationOf(r);
    EXPECT_EQ(QuantizeToInt8(0.0f, q.scales[0], q.zero_point), q.zero_point);
    const float s = q.scales[0];
    EXPECT_LE(s * static_cast<float>(-128 - q.zero_point), r.low + 0.51f * s);
    EXPECT_GE(s * static_cast<float>(127 - q.zero_point), r.high - 0.51f * s);
  }
  EXPECT_EQ(QuantizationOf({0, 0}), Quantization::PerTensor(1.0f / 255, -128));
  EXPECT_EQ(QuantizationOf({0.5f, 2.55f}).zero_point, -128);
}

TEST(Histogram, PercentileLeavesOutliersOut) {
  Histogram h(0, 100);
  std::vector<float> values(9998, 0.0f);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 100) / 100;
  values.push_back(100.0f);
  values.push_back(99.0f);
  h.Add(values);
  EXPECT_EQ(h.MinMax().high, 100.0f);
  EXPECT_LT(h.Percentile(0.999).high, 1.1f);
}

TEST(Histogram, LeastSquaredErrorClipsHeavyTails) {
  Rng rng(7);
  std::vector<float> values(100000);
  float low = 0, high = 0;
  for (float& v : values) {
    v = static_cast<float>(std::pow(rng.Normal(), 3));
    low = std::min(low, v);
    high = std::max(high, v);
  }
  Histogram h(low, high);
  h.Add(values);
  Range r = h.LeastSquaredError();
  EXPECT_LT(r.high, high);
  EXPECT_LT(h.SquaredError(r), h.SquaredError(h.MinMax()));
}

TEST(CalibrationPoints, FollowTheKernels) {
  NetworkBuilder b(1, {1, 3, 8, 8});
  b.x = b.MaxPool(b.Node1("Relu", {b.Conv(b.x, 4, 3)}));
  b.x = b.Attention(b.ToTokens(b.x), 2, true);
  Graph small = b.Build();
  std::string text;
  for (const CalibrationPoint& p : FindCalibrationPoints(small)) {
    text += small.value(p.measured).name;
    for (ValueId id : p.followers) text += " > " + small.value(id).name;
    text += "\n";
  }
  EXPECT_EQ(text,
            "image\nRelu3 > MaxPool4 > Reshape6 > Transpose7\nAdd10 > Reshape12 > Transpose13\n"
            "Add16 > Reshape18 > Transpose19\nAdd22 > Reshape24 > Transpose25\nMul27\n"
            "MatMul29 > Transpose30 > Reshape32\nAdd35\n");
}

TEST(CalibrationPoints, ConstantsAfterAProductAreInsideTheLayer) {
  NetworkBuilder b(1, {1, 5, 4});
  b.x = b.Node1("Mul", {b.Dense(b.x, 6), b.Random("scale_of_each", {6}, 0.5, 2)});
  b.x = b.Node1("Relu", {b.Node1("Add", {b.x, b.Random("c", {}, -1, 1)})});
  const ValueId last = b.x;
  b.x = b.Dense(b.x, 3);
  const Graph g = b.Build();
  const std::vector<CalibrationPoint> points = FindCalibrationPoints(g);
  ASSERT_EQ(points.size(), 3U);  // image, Relu, output
  EXPECT_EQ(points[1].measured, last);
  EXPECT_NO_THROW(QuantizeGraph(Lower(Calibrate(g, RandomImages(g, 2)))));
}

TEST(CalibrationPoints, ProbabilitiesThatALayerReadsAreOneWithAKnownRange) {
  NetworkBuilder b(1, {1, 4, 6});
  b.x = b.Dense(b.Node1("Softmax", {b.x}), 3);
  const Graph g = b.Build();
  Graph annotated = Calibrate(g, RandomImages(g, 2));
  const auto probabilities = std::find_if(annotated.values.begin(), annotated.values.end(),
                                          [](const Value& v) { return v.name == "Softmax1"; });
  ASSERT_NE(probabilities, annotated.values.end());
  EXPECT_EQ(probabilities->quantization, Quantization::PerTensor(1.0f / 256, -128));
  EXPECT_NO_THROW(QuantizeGraph(Lower(annotated)));
}

TEST(Calibrate, ValuesThatAverageToNothingStillCompile) {
  NetworkBuilder b(1, {1, 8, 4});
  ValueId even = b.graph.AddConstant("even", {4, 1}, std::vector<float>(4, 0.0f));
  ValueId weights = b.Node1("Softmax", {b.Transpose(b.Node1("MatMul", {b.x, even}), {0, 2, 1})},
                            {{"axis", int64_t{-1}}});
  b.x = b.Reshape(b.Node1("MatMul", {weights, b.x}), {1, 4});
  const Graph g = b.Build();
  const CalibrationImages tokens = {1, [](int64_t, float* input) {
                                      for (int i = 0; i < 32; ++i) {
                                        input[i] = (i / 4 % 2 == 0 ? 1.0f : -1.0f) + 0.0001f;
                                      }
                                    }};
  EXPECT_NO_THROW(QuantizeGraph(Lower(Calibrate(g, tokens))));
}

TEST(Calibrate, InputQuantizationCoversAllPixels) {
  Quantization q = InputQuantization({0.5f, 0.4f}, {0.25f, 0.2f});
  EXPECT_FLOAT_EQ(q.scales[0], 5.0f / 255);
  EXPECT_EQ(q.zero_point, static_cast<int>(std::nearbyint(-128 + 2.0 / (5.0 / 255))));
}

TEST(Calibrate, EveryMethodKeepsTheOutputClose) {
  Graph g = SmallTinyFormer(4);
  for (CalibrationMethod method : {CalibrationMethod::kAuto, CalibrationMethod::kMinMax,
                                   CalibrationMethod::kPercentile, CalibrationMethod::kMse}) {
    CalibrationOptions options;
    options.method = method;
    options.selection_images = 2;
    std::vector<CalibrationChoice> choices;
    Graph annotated = Calibrate(g, RandomImages(g, 16), options, &choices);
    EXPECT_EQ(choices.size(),
              FindCalibrationPoints(Calibrate(g, RandomImages(g, 1), options)).size());
    Graph q = QuantizeGraph(Lower(annotated));
    double error = 0, signal = 0;
    for (uint64_t i = 0; i < 8; ++i) {
      auto image = RandomInput(g, 1000 + i);
      auto expected = FloatEvaluator(g).Run(image);
      // The lowered input is channels last.
      std::vector<float> last(image.size());
      for (size_t p = 0; p < 64; ++p) {
        for (size_t c = 0; c < 3; ++c) last[p * 3 + c] = image[c * 64 + p];
      }
      auto found = DequantizeOutput(q, EvaluateQuantized(q, QuantizeInput(q, last)));
      for (size_t k = 0; k < found.size(); ++k) {
        error += std::pow(static_cast<double>(found[k]) - static_cast<double>(expected[k]), 2);
        signal += std::pow(static_cast<double>(expected[k]), 2);
      }
    }
    EXPECT_LT(error / signal, 0.02) << static_cast<int>(method);
  }
}

TEST(Calibrate, IsDeterministic) {
  Graph g = SmallTinyFormer(4);
  EXPECT_EQ(Fingerprint(Calibrate(g, RandomImages(g, 4))),
            Fingerprint(Calibrate(g, RandomImages(g, 4))));
}

TEST(Calibrate, TheGivenInputQuantizationIsKept) {
  Graph g = SmallTinyFormer(4);
  CalibrationOptions options;
  options.input = Quantization::PerTensor(0.03f, -5);
  std::vector<CalibrationChoice> choices;
  Graph annotated = Calibrate(g, RandomImages(g, 2), options, &choices);
  EXPECT_EQ(*annotated.value(annotated.inputs[0]).quantization, *options.input);
  EXPECT_EQ(choices[0].method, "given");
}

TEST(Calibrate, NeedsImages) {
  Graph g = SmallTinyFormer(0);
  EXPECT_EQ(
      ErrorText([&] { Calibrate(g, {}); }),
      "error[calibrate/no-images] --calibrate\n  expected: at least one image\n  found:    none\n"
      "  fix:      name a data set with training images");
}

TEST(Calibrate, NamesTheTensorThatIsNotFinite) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Gemm(b.Node1("Mul", {b.x, b.graph.AddConstant("huge", {},
                                                        {std::numeric_limits<float>::infinity()})}),
               2);
  Graph g = b.Build();
  EXPECT_EQ(ErrorText([&] { Calibrate(g, RandomImages(g, 1)); }),
            "error[calibrate/not-finite] tensor 'Mul1'\n  expected: finite activations\n"
            "  found:    NaN or infinity on calibration image 0\n"
            "  fix:      check the normalisation of the input and the trained weights");
}

TEST(Calibrate, ActivationsHaveALimit) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Gemm(b.Node1("Mul", {b.x, b.graph.AddConstant("large", {}, {1e33f})}), 2);
  Graph g = b.Build();
  EXPECT_EQ(ErrorText([&] { Calibrate(g, RandomImages(g, 1)); }),
            "error[calibrate/not-finite] tensor 'Mul1'\n  expected: activations below 1e30\n"
            "  found:    larger ones on calibration image 0\n"
            "  fix:      check the normalisation of the input and the trained weights");
}

TEST(Calibrate, WeightsHaveALimit) {
  NetworkBuilder b(1, {1, 4});
  b.x = b.Node1("Mul", {b.x, b.graph.AddConstant("small", {}, {1e-20f})});
  b.x = b.Node1("Gemm", {b.x, b.graph.AddConstant("w", {4, 2}, std::vector<float>(8, 1e36f))});
  Graph g = b.Build();
  EXPECT_EQ(ErrorText([&] { Calibrate(g, RandomImages(g, 1)); }),
            "error[calibrate/weights] tensor 'w'\n  expected: weights and biases below 1e30\n"
            "  found:    larger ones\n  fix:      train again: the weights have diverged");
}

TEST(Calibrate, TensorsAndWeightsThatAreNearlyZeroAreZero) {
  for (float tiny : {1e-37f, 1e-45f}) {
    NetworkBuilder b(1, {1, 4});
    b.x = b.Node1("Mul", {b.x, b.graph.AddConstant("tiny", {}, {tiny})});
    b.x = b.Node1("Relu", {b.Gemm(b.x, 3)});
    ValueId w = b.graph.AddConstant("w", {3, 2}, std::vector<float>(6, tiny));
    b.x = b.Node1("Gemm", {b.x, w, b.graph.AddConstant("bias", {2}, {0.5f, -tiny})});
    const Graph g = b.Build();
    EXPECT_NO_THROW(Verify(Calibrate(g, RandomImages(g, 2)), "Calibrate")) << tiny;
  }
}

}  // namespace
}  // namespace tinyformer
