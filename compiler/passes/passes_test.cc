// Each pass by itself: operator counts before and after, and the function unchanged.
#include <gtest/gtest.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/cancel_transposes.h"
#include "compiler/passes/channels_first_input.h"
#include "compiler/passes/fold_affine.h"
#include "compiler/passes/fold_constants.h"
#include "compiler/passes/fuse_activation.h"
#include "compiler/passes/fuse_linear.h"
#include "compiler/passes/network_for_tests.h"
#include "compiler/passes/propagate_quantization.h"
#include "compiler/passes/remove_no_ops.h"
#include "compiler/passes/rewrite.h"
#include "compiler/passes/to_channels_last.h"

namespace tinyformer {
namespace {

void ExpectEqualFunction(const Graph& a, const Graph& b, double tolerance) {
  Verify(b, "the pass under test");
  auto x = RandomInput(a, 9);
  auto y = FloatEvaluator(a).Run(x), z = FloatEvaluator(b).Run(x);
  ASSERT_EQ(y.size(), z.size());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], z[i], tolerance);
}

TEST(FoldConstants, EvaluatesWhatNeedsNoInput) {
  NetworkBuilder b(1, {1, 3});
  ValueId w = b.Transpose(b.Random("w", {4, 3}, -1, 1), {1, 0});
  b.x = b.Node1("MatMul", {b.x, b.Node1("Mul", {w, b.Random("s", {1}, 1, 2)})});
  Graph g = b.Build(), folded = FoldConstants(g);
  EXPECT_EQ(CountOps(g), "MatMul 1, Mul 1, Transpose 1");
  EXPECT_EQ(CountOps(folded), "MatMul 1");
  ExpectEqualFunction(g, folded, 1e-6);
}

TEST(RemoveNoOps, RemovesReshapesToTheSameShape) {
  NetworkBuilder b(1, {1, 3, 4});
  b.x = b.Reshape(b.Transpose(b.Node1("Relu", {b.x}), {0, 1, 2}), {1, 3, 4});
  Graph g = b.Build(), less = RemoveNoOps(g);
  EXPECT_EQ(CountOps(less), "Relu 1");
  EXPECT_EQ(less.value(less.outputs[0]).name, g.value(g.outputs[0]).name);
  ExpectEqualFunction(g, less, 0);
}

TEST(FoldAffine, FoldsIntoTheConvolution) {
  NetworkBuilder b(2, {1, 3, 5, 5});
  b.x = b.BatchNorm(b.Conv(b.x, 4, 3));
  Graph g = b.Build(), folded = FoldAffine(g);
  EXPECT_EQ(CountOps(folded), "Conv 1");
  ExpectEqualFunction(g, folded, 1e-5);
}

TEST(FoldAffine, PrunedWeightsStayExactlyZero) {
  NetworkBuilder b(2, {1, 3, 5, 5});
  b.x = b.BatchNorm(b.Conv(b.x, 4, 3));
  Graph g = b.Build();
  Value& weight = g.value(g.nodes[0].inputs[1]);
  auto w = weight.Elements<float>();
  for (size_t i = 0; i < w.size(); i += 2) w[i] = 0.0f;
  weight.SetElements(w);
  Graph folded = FoldAffine(g);
  auto after = folded.value(folded.nodes[0].inputs[1]).Elements<float>();
  for (size_t i = 0; i < w.size(); i += 2) EXPECT_EQ(after[i], 0.0f);
}

TEST(FoldAffine, ConstantsOfEachChannelBelongToTheConvolution) {
  for (const Shape& shape : {Shape{4, 1, 1}, Shape{1, 4, 1, 1}, Shape{1}, Shape{}}) {
    for (bool left : {false, true}) {
      NetworkBuilder b(2, {1, 3, 5, 5});
      b.x = b.Conv(b.x, 4, 3);
      for (const char* op : {"Mul", "Add"}) {
        const ValueId constant = b.Random("c", shape, -1, 1);
        b.x = left ? b.Node1(op, {constant, b.x}) : b.Node1(op, {b.x, constant});
      }
      Graph g = b.Build(), folded = FoldAffine(g);
      EXPECT_EQ(CountOps(folded), "Conv 1") << ToString(shape);
      ExpectEqualFunction(g, folded, 1e-5);
    }
  }
}

TEST(FoldAffine, NormalisationOfTheInputIsOneDepthwiseConvolution) {
  NetworkBuilder b(2, {1, 3, 5, 5});
  b.x = b.Node1("Add", {b.x, b.Random("mean", {3, 1, 1}, -1, 0)});
  b.x = b.Node1("Mul", {b.x, b.Random("stddev", {3, 1, 1}, 1, 2)});
  b.x = b.Conv(b.x, 4, 3);
  Graph g = b.Build(), folded = FoldAffine(g);
  EXPECT_EQ(CountOps(folded), "Conv 2");
  EXPECT_EQ(folded.nodes[0].Int("group", 1), 3);
  ExpectEqualFunction(g, folded, 1e-5);
}

TEST(FoldAffine, LeavesWhatIsNotOfTheConvolutionAlone) {
  NetworkBuilder b(2, {1, 4, 4, 4});
  const ValueId conv = b.Conv(b.x, 4, 3);
  // conv has two readers.
  const ValueId both = b.Node1("Add", {conv, b.Random("c", {4, 1, 1}, -1, 1)});
  const ValueId columns = b.Node1("Mul", {b.Conv(both, 4, 3), b.Random("c", {4}, -1, 1)});
  const ValueId relu = b.Node1("Relu", {columns});
  b.x = b.Node1("Add", {b.Node1("Mul", {relu, b.Random("c", {1}, -1, 1)}), conv});
  Graph g = b.Build(), folded = FoldAffine(g);
  EXPECT_EQ(CountOps(folded), CountOps(g));
}

TEST(FoldAffine, LeavesARoundedConvolutionAlone) {
  for (bool norm : {false, true}) {
    NetworkBuilder b(2, {1, 3, 5, 5});
    b.x = b.Conv(b.x, 4, 3);
    b.graph.value(b.x).quantization = Quantization::PerTensor(0.1F, 0);
    b.x = norm ? b.BatchNorm(b.x) : b.Node1("Add", {b.x, b.Random("c", {4, 1, 1}, -1, 1)});
    EXPECT_EQ(CountOps(FoldAffine(b.Build())), norm ? "Conv 2" : "Add 1, Conv 1");
  }
}

// What TensorFlow's converter writes, by steps of 1.
Graph ChannelsLastNetwork(bool rescaled, std::vector<int64_t> perm = {0, 3, 1, 2}) {
  NetworkBuilder b(3, {1, 6, 5, 3});
  if (rescaled) {
    b.x = b.Node1("Mul", {b.x, b.Random("factor", {}, 0.5, 2)});
    b.x = b.Node1("Add", {b.Random("offset", {1, 1, 3}, -1, 1), b.x});
  }
  b.x = b.Node1("Transpose", {b.x}, {{"perm", std::move(perm)}});
  b.x = b.Conv(b.x, 4, 3);
  return b.Build();
}

TEST(ChannelsFirstInput, TakesTheTransposeAway) {
  for (bool rescaled : {false, true}) {
    const Graph last = ChannelsLastNetwork(rescaled), first = ChannelsFirstInput(last);
    EXPECT_EQ(first.value(first.inputs[0]).shape, (Shape{1, 3, 6, 5}));
    const std::vector<float> image = RandomInput(last, 1);
    std::vector<float> moved(image.size());
    for (size_t pixel = 0; pixel < 30; ++pixel) {
      for (size_t c = 0; c < 3; ++c) moved[c * 30 + pixel] = image[pixel * 3 + c];
    }
    EXPECT_EQ(FloatEvaluator(first).Run(moved), FloatEvaluator(last).Run(image));
    EXPECT_EQ(CountOps(FoldAffine(RemoveNoOps(first))), rescaled ? "Conv 2" : "Conv 1");
  }
}

TEST(ChannelsFirstInput, OneChannelIsWhereverItIsLookedAt) {
  NetworkBuilder b(3, {1, 6, 5, 1});
  b.x = b.Conv(b.Reshape(b.x, {1, 1, 6, 5}), 4, 3);
  const Graph last = b.Build(), first = ChannelsFirstInput(last);
  EXPECT_EQ(first.value(first.inputs[0]).shape, (Shape{1, 1, 6, 5}));
  EXPECT_EQ(CountOps(RemoveNoOps(first)), "Conv 1");
  ExpectEqualFunction(last, first, 0);
}

// What each value of the graph is rounded to, by name, and the nodes between.
std::string Roundings(const Graph& g) {
  std::string text;
  for (const Node& node : g.nodes) {
    const auto& q = g.value(node.outputs[0]).quantization;
    text += node.op + (q ? " " + std::to_string(q->zero_point) : "") + "\n";
  }
  return text;
}

// Zero points stand for scales, so that they are easy to read.
Quantization Rounding(int32_t name) { return Quantization::PerTensor(0.1F, name); }

TEST(PropagateQuantization, PassesOnWhatMovesAndSplitsWhatIsRoundedAgain) {
  NetworkBuilder b(1, {1, 2, 4, 4});
  b.x = b.MaxPool(b.Reshape(b.Conv(b.x, 2, 3), {1, 2, 4, 4}));
  const ValueId pooled = b.x;
  b.x = b.Reshape(b.x, {1, 8});
  b.graph.value(pooled).quantization = Rounding(1);
  b.graph.value(b.x).quantization = Rounding(2);
  Graph g = PropagateQuantization(b.Build());
  const std::string text = "Conv 1\nReshape 1\nMaxPool 1\nReshape 1\nrequantize 2\n";
  EXPECT_EQ(Roundings(g), text);
  EXPECT_EQ(Roundings(PropagateQuantization(g)), text);
  EXPECT_EQ(CountOps(CancelTransposes(ToChannelsLast(RemoveNoOps(g)))),
            "conv2d 1, max_pool2d 1, requantize 1, reshape 1, transpose 1");
}

TEST(PropagateQuantization, ReadersThatDisagreeLeaveAValueFloat) {
  NetworkBuilder b(1, {1, 2, 4, 4});
  const ValueId made = b.Conv(b.x, 2, 3), left = b.MaxPool(made), right = b.MaxPool(made);
  b.graph.value(left).quantization = Rounding(1);
  b.graph.value(right).quantization = Rounding(2);
  b.x = b.Node1("Add", {left, right});
  EXPECT_EQ(Roundings(PropagateQuantization(b.Build())), "Conv\nMaxPool 1\nMaxPool 2\nAdd\n");
}

TEST(FuseActivation, LeavesARoundingBeforeTheClampAlone) {
  for (bool equal : {false, true}) {
    NetworkBuilder b(1, {1, 2, 4, 4});
    const ValueId made = b.Conv(b.x, 2, 3);
    b.x = b.Node1("Relu", {made});
    b.graph.value(made).quantization = Rounding(1);
    b.graph.value(b.x).quantization = Rounding(equal ? 1 : 2);
    const Graph g = FuseActivation(CancelTransposes(ToChannelsLast(b.Build())));
    EXPECT_EQ(CountOps(g), equal ? "conv2d 1, transpose 1" : "conv2d 1, requantize 1, transpose 1");
  }
}

TEST(ChannelsFirstInput, LeavesOtherInputsAlone) {
  const Graph other = ChannelsLastNetwork(true, {0, 3, 2, 1});
  EXPECT_EQ(Print(ChannelsFirstInput(other)), Print(other));
  NetworkBuilder b(3, {1, 6, 5, 3});
  const ValueId moved = b.Node1("Transpose", {b.x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  b.x = b.Node1("Flatten", {b.Node1("Add", {b.x, b.Node1("Relu", {b.x})})});
  b.x = b.Node1("Add", {b.x, b.Node1("Flatten", {moved})});
  const Graph both = b.Build();
  EXPECT_EQ(Print(ChannelsFirstInput(both)), Print(both));
}

TEST(FuseLinear, TakesTheFactorIntoTheWeights) {
  NetworkBuilder b(3, {1, 5, 4});
  b.x = b.Node1("Mul", {b.Dense(b.x, 6), b.Random("s", {}, 2, 3)});
  Graph g = b.Build(), fused = FuseLinear(g);
  EXPECT_EQ(CountOps(g), "Add 1, MatMul 1, Mul 1");
  EXPECT_EQ(CountOps(fused), "linear 1");
  ExpectEqualFunction(g, fused, 1e-5);
}

TEST(FuseLinear, ConstantsOfEachOutputBelongToTheLayer) {
  NetworkBuilder b(3, {1, 5, 4});
  for (const Shape& shape : {Shape{}, Shape{6}, Shape{1, 1, 6}}) {
    b.x = b.Node1("Mul", {b.Random("f" + ToString(shape), shape, -2, 2), b.Dense(b.x, 6)});
    b.x = b.Node1("Add", {b.x, b.Random("c" + ToString(shape), shape, -1, 1)});
  }
  const Graph g = b.Build(), fused = FuseLinear(g);
  EXPECT_EQ(CountOps(fused), "linear 3");
  ExpectEqualFunction(g, fused, 1e-5);
}

TEST(FuseLinear, LeavesWhatIsNotOfTheLayerAlone) {
  NetworkBuilder b(3, {1, 5, 4});
  b.x = b.Node1("Add", {b.Dense(b.x, 5), b.Random("positions", {5, 5}, -1, 1)});
  b.x = b.Node1("Mul", {b.Dense(b.x, 5), b.Random("of_each_row", {5, 1}, -1, 1)});
  EXPECT_EQ(CountOps(FuseLinear(b.Build())), "Add 1, Mul 1, linear 2");
}

TEST(FuseLinear, ReadsEveryFormOfGemm) {
  for (bool transposed : {false, true}) {
    NetworkBuilder b(3, {1, 4});
    ValueId w = b.Random("w", transposed ? Shape{6, 4} : Shape{4, 6}, -1, 1);
    b.x = b.Node1("Gemm", {b.x, w, b.Random("b", {1, 6}, -1, 1)},
                  {{"transB", int64_t{transposed}}, {"alpha", 0.5}, {"beta", 2.0}});
    Graph g = b.Build(), fused = FuseLinear(g);
    EXPECT_EQ(CountOps(fused), "linear 1");
    ExpectEqualFunction(g, fused, 1e-5);
  }
}

TEST(FuseLinear, OneNumberIsABiasOfEveryOutput) {
  for (int64_t out : {1, 6}) {
    for (const Shape& bias : {Shape{}, Shape{1}, Shape{1, 1}}) {
      NetworkBuilder b(3, {1, 4});
      b.x = b.Node1("Gemm", {b.x, b.Random("w", {4, out}, -1, 1), b.Random("b", bias, -1, 1)});
      Graph g = b.Build(), fused = FuseLinear(g);
      EXPECT_EQ(CountOps(fused), "linear 1");
      ExpectEqualFunction(g, fused, 1e-6);
    }
  }
}

TEST(MergeAxes, DropsOnesAndKeepsNeighboursTogether) {
  for (const auto& [shape, perm] :
       std::vector<std::pair<Shape, std::vector<int64_t>>>{{{1, 2, 3, 4, 4}, {0, 2, 1, 3, 4}},
                                                           {{2, 1, 3, 5, 4, 1}, {3, 4, 1, 5, 0, 2}},
                                                           {{2, 3, 2, 3, 2}, {3, 4, 0, 1, 2}},
                                                           {{2, 3, 4}, {0, 1, 2}}}) {
    const MergedAxes merged = MergeAxes(shape, perm);
    EXPECT_LE(merged.perm.size(), 3u) << ToString(perm);
    const std::vector<int64_t> elements = Iota(shape);
    EXPECT_EQ(TransposeElements(elements, merged.shape, merged.perm),
              TransposeElements(elements, shape, perm))
        << ToString(perm);
  }
}

TEST(CancelTransposes, LeavesOnlyTransposesThatMove) {
  NetworkBuilder b(3, {1, 6, 4});
  ValueId t = b.Transpose(b.x, {0, 2, 1});
  b.x = b.Node1("Relu", {b.Transpose(b.Transpose(t, {0, 2, 1}), {2, 1, 0})});
  Graph g = ToChannelsLast(b.Build()), less = CancelTransposes(g);
  EXPECT_EQ(CountOps(g), "Relu 1, transpose 3");
  EXPECT_EQ(CountOps(less), "Relu 1, transpose 1");
  ExpectEqualFunction(g, less, 0);
}

TEST(FuseActivation, TheLaterClampWins) {
  NetworkBuilder b(3, {1, 6});
  ValueId low = b.graph.AddConstant("low", {}, {-3.0f}),
          high = b.graph.AddConstant("high", {}, {-1.0f});
  b.x = b.Node1("Clip", {b.Node1("Relu", {b.Gemm(b.x, 4)}), low, high});
  Graph g = FuseLinear(b.Build()), fused = FuseActivation(g);
  EXPECT_EQ(CountOps(fused), "linear 1");
  ExpectEqualFunction(g, fused, 0);
}

TEST(FuseActivation, ClampsThatNoLayerCarriesBecomeOneRequantize) {
  NetworkBuilder b(3, {1, 6});
  ValueId low = b.graph.AddConstant("low", {}, {-3.0f}),
          high = b.graph.AddConstant("high", {}, {1.0f});
  b.x = b.Node1("Clip", {b.Node1("Relu", {b.x}), low, high});
  Graph g = b.Build(), fused = FuseActivation(g);
  EXPECT_EQ(CountOps(fused), "requantize 1");
  ExpectEqualFunction(g, fused, 0);
}

}  // namespace
}  // namespace tinyformer
