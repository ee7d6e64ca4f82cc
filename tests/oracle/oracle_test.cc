// Our integers against ONNX Runtime on the QDQ file: every layer by itself within one LSB, whole
// networks the same class.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>

#include "base/file.h"
#include "base/rng.h"
#include "compiler/export/write_onnx.h"
#include "compiler/import/onnx_text.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/pipeline.h"
#include "compiler/quantize/calibrate.h"
#include "compiler/quantize/evaluate_quantized.h"
#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {
namespace {

std::string Bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Outputs of ONNX Runtime, image after image.
std::vector<float> RunOnnxRuntime(const std::string& model, const std::vector<float>& images) {
  const std::string path = ::testing::TempDir() + "tf_oracle_" + std::to_string(::getpid());
  WriteFileAtomic(path + ".onnx", model);
  WriteFileAtomic(path + ".in", Bytes(images));
  const std::string command = std::string("TINYFORMER_ORT_DIR='") + ORT_DIR + "' '" + NODE_PROGRAM +
                              "' '" + RUN_ONNX + "' '" + path + ".onnx' '" + path + ".in' '" +
                              path + ".out'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  const std::string bytes = ReadFile(path + ".out");
  for (const char* suffix : {".onnx", ".in", ".out"}) ::unlink((path + suffix).c_str());
  std::vector<float> outputs(bytes.size() / sizeof(float));
  std::memcpy(outputs.data(), bytes.data(), bytes.size());
  return outputs;
}

Graph Annotated(const Graph& g) {
  CalibrationImages images{16, [&g](int64_t index, float* input) {
                             auto image = RandomInput(g, static_cast<uint64_t>(index) + 500);
                             std::copy(image.begin(), image.end(), input);
                           }};
  CalibrationOptions options;
  options.method = CalibrationMethod::kMinMax;
  return Calibrate(g, images, options);
}

struct Agreement {
  int worst_lsb = 0;
  int64_t different = 0, elements = 0;
  int64_t same_class = 0, images = 0;
};

// Of a QDQ file and the graph that it holds.
Agreement CompareFile(const std::string& file, const Graph& annotated, int64_t count) {
  const Graph quantized = QuantizeGraph(Lower(ParseOnnx(file, "m.onnx")));
  const Shape shape = annotated.value(annotated.inputs[0]).shape;
  const Quantization q = *quantized.value(quantized.outputs[0]).quantization;
  std::vector<float> images;
  std::vector<int8_t> ours;
  QuantizedEvaluator evaluator(quantized);
  for (int64_t i = 0; i < count; ++i) {
    auto image = RandomInput(annotated, static_cast<uint64_t>(i) + 9000);
    images.insert(images.end(), image.begin(), image.end());
    if (shape.size() == 4) image = TransposeElements(image, shape, {0, 2, 3, 1});
    auto result = evaluator.Run(QuantizeInput(quantized, image));
    ours.insert(ours.end(), result.begin(), result.end());
  }
  const std::vector<float> theirs = RunOnnxRuntime(file, images);
  EXPECT_EQ(theirs.size(), ours.size());
  Agreement agreement;
  agreement.images = count;
  const size_t width = ours.size() / static_cast<size_t>(count);
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    const int other = QuantizeToInt8(theirs[i], q.scales[0], q.zero_point);
    const int difference = std::abs(other - ours[i]);
    agreement.worst_lsb = std::max(agreement.worst_lsb, difference);
    agreement.different += difference != 0;
    ++agreement.elements;
  }
  for (size_t start = 0; start + width <= theirs.size(); start += width) {
    auto best = std::max_element(theirs.begin() + static_cast<std::ptrdiff_t>(start),
                                 theirs.begin() + static_cast<std::ptrdiff_t>(start + width)) -
                theirs.begin() - static_cast<std::ptrdiff_t>(start);
    auto largest = *std::max_element(ours.begin() + static_cast<std::ptrdiff_t>(start),
                                     ours.begin() + static_cast<std::ptrdiff_t>(start + width));
    // Equal int8 logits are a tie that either may break.
    agreement.same_class += ours[start + static_cast<size_t>(best)] == largest;
  }
  return agreement;
}

Agreement Compare(const Graph& annotated, int64_t count) {
  return CompareFile(WriteOnnx(annotated), annotated, count);
}

void ExpectWithinOneLsb(const std::string& layer, const Agreement& a) {
  std::printf("%-22s %lld of %lld elements differ, at most %d LSB\n", layer.c_str(),
              static_cast<long long>(a.different), static_cast<long long>(a.elements), a.worst_lsb);
  EXPECT_LE(a.worst_lsb, 1) << layer;
  // Differences come from ties and from roundings that nearly tie.
  EXPECT_LT(static_cast<double>(a.different), 0.05 * static_cast<double>(a.elements)) << layer;
}

void ExpectWithinOneLsb(const std::string& layer, NetworkBuilder& b) {
  ExpectWithinOneLsb(layer, Compare(Annotated(b.Build()), 4));
}

// The graph output of an image network is channels first in the file and behind a transpose in the
// lowered graph.
TEST(Oracle, ConvolutionIsWithinOneLsb) {
  NetworkBuilder b(1, {1, 8, 12, 12});
  b.x = b.Node1("Relu", {b.Conv(b.x, 16, 3, 2)});
  ExpectWithinOneLsb("conv2d 3x3 stride 2", b);
}

TEST(Oracle, GroupedConvolutionIsWithinOneLsb) {
  NetworkBuilder b(2, {1, 8, 9, 7});
  b.x = b.Conv(b.x, 12, 3, 1, 4);
  ExpectWithinOneLsb("conv2d 4 groups", b);
}

TEST(Oracle, PointwiseConvolutionIsWithinOneLsb) {
  NetworkBuilder b(3, {1, 16, 8, 8});
  b.x = b.Conv(b.x, 24, 1);
  ExpectWithinOneLsb("conv2d 1x1", b);
}

TEST(Oracle, DepthwiseConvolutionIsWithinOneLsb) {
  NetworkBuilder b(4, {1, 16, 10, 10});
  b.x = b.Node1("Relu", {b.Conv(b.x, 16, 3, 1, 16)});
  ExpectWithinOneLsb("depthwise_conv2d", b);
}

// What exporters write in place of our own operators (compiler/import/equivalent_operators.cc).
TEST(Oracle, OperatorsThatImportReplacesAreWithinOneLsb) {
  auto model = ModelFromText(
      "g (float[1,3,8,8] x) => (float[1,5] y) { s = Sub(x, mean) n = Div(s, deviation) "
      "c = Conv<pads = [1, 1, 1, 1]>(n, w) m = Mul(c, gain) a = Add(shift, m) r = Relu(a) "
      "d = Dropout(r) p = ReduceMean<axes = [2, 3], keepdims = 0>(d) u = Unsqueeze(p, two) "
      "q = Squeeze(u, two) y = Gemm<transB = 1>(q, v) }");
  Rng rng(7, "operators");
  const auto add = [&](const std::string& name, const Shape& shape, double low, double high) {
    std::vector<float> values(static_cast<size_t>(ElementCount(shape)));
    for (float& value : values) value = static_cast<float>(rng.Uniform(low, high));
    AddFloats(model, name, shape, values);
  };
  add("mean", {1, 3, 1, 1}, -0.5, 0.5);
  add("deviation", {3, 1, 1}, 0.5, 2);
  add("w", {4, 3, 3, 3}, -0.5, 0.5);
  add("gain", {}, 0.5, 2);
  add("shift", {1, 4, 1, 1}, -0.5, 0.5);
  add("v", {5, 4}, -1, 1);
  AddIntegers(model, "two", onnx::TensorProto::INT64, {1}, {2});
  const Graph graph = Import(model);
  const std::vector<float> image = RandomInput(graph, 1), ours = FloatEvaluator(graph).Run(image),
                           theirs = RunOnnxRuntime(model.SerializeAsString(), image);
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 1e-5);
  ExpectWithinOneLsb("replaced operators", Compare(Annotated(graph), 8));
}

TEST(Oracle, TheMeanOfAnInt8ImageIsWithinOneLsb) {
  auto model = ModelFromText(
      "g (float[1,6,5,5] x) => (float[1,6] y) { xq = QuantizeLinear(x, s, z) "
      "xd = DequantizeLinear(xq, s, z) m = ReduceMean<axes = [2, 3], keepdims = 0>(xd) "
      "mq = QuantizeLinear(m, t, z) y = DequantizeLinear(mq, t, z) }");
  AddFloats(model, "s", {}, {0.01F});
  AddFloats(model, "t", {}, {0.003F});
  AddIntegers(model, "z", onnx::TensorProto::INT8, {}, {3});
  ExpectWithinOneLsb("ReduceMean", CompareFile(model.SerializeAsString(), Import(model), 8));
}

TEST(Oracle, LinearIsWithinOneLsb) {
  NetworkBuilder b(5, {1, 20, 44});
  b.x = b.Dense(b.x, 32);
  ExpectWithinOneLsb("linear (MatMul, Add)", b);
}

TEST(Oracle, GemmIsWithinOneLsb) {
  NetworkBuilder b(6, {1, 64});
  b.x = b.Node1("Relu", {b.Gemm(b.x, 100)});
  ExpectWithinOneLsb("linear (Gemm)", b);
}

TEST(Oracle, LayerNormIsWithinOneLsb) {
  for (int64_t channels : {44, 192}) {
    NetworkBuilder b(7, {1, 64, channels});
    b.x = b.LayerNorm(b.x);
    ExpectWithinOneLsb("layernorm " + std::to_string(channels), b);
  }
}

// x + y with scales of their own: y is a convolution that only copies x's channels in another order
// and size.
TEST(Oracle, AddIsWithinOneLsb) {
  NetworkBuilder b(8, {1, 4, 8, 8});
  std::vector<float> swap(16, 0.0f);
  for (size_t c = 0; c < 4; ++c) swap[c * 4 + (3 - c)] = 0.37f;
  ValueId w = b.graph.AddConstant("w", {4, 4, 1, 1}, swap);
  b.x = b.Node1("Add", {b.x, b.Node1("Conv", {b.x, w})});
  ExpectWithinOneLsb("add", b);
}

TEST(Oracle, PoolsAreWithinOneLsb) {
  NetworkBuilder m(9, {1, 4, 8, 8});
  m.x = m.MaxPool(m.x);
  ExpectWithinOneLsb("max_pool2d", m);
  NetworkBuilder a(9, {1, 4, 8, 8});
  a.x = a.Node1(
      "AveragePool", {a.x},
      {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  ExpectWithinOneLsb("average_pool2d", a);
  NetworkBuilder g(9, {1, 4, 8, 8});
  g.x = g.Node1("GlobalAveragePool", {g.x});
  ExpectWithinOneLsb("average_pool2d global", g);
}

// Self-attention of the input with itself, so that no layer before it rounds.
TEST(Oracle, AttentionIsWithinOneLsb) {
  for (int64_t heads : {1, 4}) {
    NetworkBuilder b(10, {1, 64, 32});
    const int64_t dh = 32 / heads;
    auto split = [&](std::vector<int64_t> perm) {
      return b.Transpose(b.Reshape(b.x, {1, 64, heads, dh}), perm);
    };
    ValueId factor = b.graph.AddConstant("scale", {}, {1.0f / std::sqrt(static_cast<float>(dh))});
    ValueId scores =
        b.Node1("Mul", {b.Node1("MatMul", {split({0, 2, 1, 3}), split({0, 2, 3, 1})}), factor});
    ValueId mixed = b.Node1("MatMul", {b.Node1("Softmax", {scores}), split({0, 2, 1, 3})});
    b.x = b.Reshape(b.Transpose(mixed, {0, 2, 1, 3}), {1, 64, 32});
    ExpectWithinOneLsb("attention, heads " + std::to_string(heads), b);
  }
}

TEST(Oracle, WholeNetworksAgree) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    Agreement a = Compare(Annotated(SmallTinyFormer(seed)), 200);
    std::printf("network %llu: %lld of %lld classes, %lld of %lld logits differ, at most %d LSB\n",
                static_cast<unsigned long long>(seed), static_cast<long long>(a.same_class),
                static_cast<long long>(a.images), static_cast<long long>(a.different),
                static_cast<long long>(a.elements), a.worst_lsb);
    EXPECT_GE(a.same_class, a.images * 97 / 100) << "seed " << seed;
    // Twenty-five layers, each within one LSB.
    EXPECT_LE(a.worst_lsb, 6) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tinyformer
