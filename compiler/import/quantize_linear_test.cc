#include <gtest/gtest.h>

#include "compiler/import/onnx_text.h"
#include "compiler/import/read_onnx.h"

namespace tinyformer {
namespace {

using onnx::TensorProto;

// x -> QDQ -> Gemm(int8 weights by DQ, int32 bias by DQ) -> QDQ -> y
onnx::ModelProto QdqModel(TensorProto::DataType activation = TensorProto::INT8) {
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) {"
      "xq = QuantizeLinear(x, xs, xz) xd = DequantizeLinear(xq, xs, xz)"
      "wd = DequantizeLinear<axis = 0>(wq, ws, wz) bd = DequantizeLinear<axis = 0>(bq, bs)"
      "h = Gemm<transB = 1>(xd, wd, bd)"
      "hq = QuantizeLinear(h, hs, hz) y = DequantizeLinear(hq, hs, hz) }");
  AddFloats(model, "xs", {}, {0.5f});
  AddIntegers(model, "xz", activation, {}, {3});
  AddIntegers(model, "wq", TensorProto::INT8, {2, 2}, {1, -2, 127, -127});
  AddFloats(model, "ws", {2}, {0.25f, 2.0f});
  AddIntegers(model, "wz", TensorProto::INT8, {2}, {0, 0});
  AddIntegers(model, "bq", TensorProto::INT32, {2}, {1000, -5});
  AddFloats(model, "bs", {2}, {0.125f, 1.0f});
  AddFloats(model, "hs", {}, {1.0f});
  AddIntegers(model, "hz", activation, {}, {0});
  return model;
}

TEST(QuantizeLinear, PairsBecomeQuantizations) {
  Graph g = Import(QdqModel());
  EXPECT_EQ(Print(g),
            "graph g\n  input %x: float32 [1, 2] q(0.5, zero point 3)\n"
            "  %y = Gemm(%x, $wq: int8 [2, 2] q(2 scales, axis 0, zero point 0), $bq: int32 [2] "
            "q(2 scales, axis 0, "
            "zero point 0)) {transB=1} : float32 [1, 2] q(1, zero point 0)  # h\n  output %y\n");
  EXPECT_TRUE(IsQuantizedModel(g));
}

TEST(QuantizeLinear, Uint8MovesToInt8) {
  Graph g = Import(QdqModel(TensorProto::UINT8));
  EXPECT_EQ(*g.value(g.inputs[0]).quantization, Quantization::PerTensor(0.5f, 3 - 128));
}

TEST(QuantizeLinear, IdentityKeepsUint8) {
  auto through = [](const std::string& weight) {
    auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { i = Identity(w) wd = " +
                               ("DequantizeLinear(" + weight + ", s, z) y = Gemm(x, wd) }"));
    AddIntegers(model, "w", TensorProto::UINT8, {2, 2}, {0, 128, 130, 255});
    AddFloats(model, "s", {}, {0.5f});
    AddIntegers(model, "z", TensorProto::UINT8, {}, {128});
    return Import(model);
  };
  EXPECT_EQ(Fingerprint(through("i")), Fingerprint(through("w")));
}

// x -> Conv by `weight` with scales in tensors of the shape `listed`.
Graph ConvWithScales(const Shape& weight, int64_t group, const Shape& listed) {
  auto model = ModelFromText(
      "g (float[1," + std::to_string(weight[1] * group) + ",5,5] x) => (float[1," +
      std::to_string(weight[0]) +
      ",3,3] y) { wd = DequantizeLinear(w, ws) bd = DequantizeLinear(b, bs) y = Conv<group = " +
      std::to_string(group) + ">(x, wd, bd) }");
  AddIntegers(model, "w", TensorProto::INT8, weight,
              std::vector<int64_t>(static_cast<size_t>(ElementCount(weight)), 3));
  AddFloats(model, "ws", listed, {0.5f});
  AddIntegers(model, "b", TensorProto::INT32, {weight[0]},
              std::vector<int64_t>(static_cast<size_t>(weight[0]), -7));
  AddFloats(model, "bs", listed, {0.25f});
  return Import(model);
}

TEST(QuantizeLinear, AListOfOneScaleIsOneScale) {
  for (int64_t group : {1, 4}) {  // from one channel; depthwise
    EXPECT_EQ(Print(ConvWithScales({4, 1, 3, 3}, group, {1})),
              Print(ConvWithScales({4, 1, 3, 3}, group, {})));
  }
}

TEST(QuantizeLinear, FloatModelsAreRecognised) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { y = Gemm(x, w) }");
  AddFloats(model, "w", {2, 2}, {1, 2, 3, 4});
  std::string name;
  EXPECT_FALSE(IsQuantizedModel(Import(model), &name));
  EXPECT_EQ(name, "x");
}

// Nothing but these come after the last QuantizeLinear.
TEST(QuantizeLinear, MovementAndProbabilitiesNeedNoneOfTheirOwn) {
  for (const char* tail :
       {"y = Flatten(yd)", "y = Softmax(yd)", "f = Flatten(yd) y = Softmax(f)"}) {
    const auto model = ModelFromText(std::string("g (float[1,2] x) => (float[1,2] y) {"
                                                 "xq = QuantizeLinear(x, s, z) "
                                                 "yd = DequantizeLinear(xq, s, z) ") +
                                     tail + " }");
    auto with_scale = model;
    AddFloats(with_scale, "s", {}, {0.5f});
    AddIntegers(with_scale, "z", TensorProto::INT8, {}, {0});
    EXPECT_TRUE(IsQuantizedModel(Import(with_scale))) << tail;
  }
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) { xq = QuantizeLinear(x, s, z) "
      "xd = DequantizeLinear(xq, s, z) y = Relu(xd) }");
  AddFloats(model, "s", {}, {0.5f});
  AddIntegers(model, "z", TensorProto::INT8, {}, {0});
  std::string name;
  EXPECT_FALSE(IsQuantizedModel(Import(model), &name));
  EXPECT_EQ(name, "y");
}

TEST(QuantizeLinear, ConstantsAreQuantizedAtImport) {
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) { wq = QuantizeLinear(w, ws, wz) wd = "
      "DequantizeLinear(wq, ws, wz) "
      "y = Gemm(x, wd) }");
  AddFloats(model, "w", {2, 2}, {0.25f, 0.75f, -1.25f, 100});
  AddFloats(model, "ws", {}, {0.5f});
  AddIntegers(model, "wz", TensorProto::INT8, {}, {0});
  Graph g = Import(model);
  const Value& w = g.value(g.nodes[0].inputs[1]);
  EXPECT_EQ(w.Elements<int8_t>(), (std::vector<int8_t>{0, 2, -2, 127}));  // halves to even
}

TEST(QuantizeLinear, ScalesMustBePositive) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() == "hs") t.set_float_data(0, 0.0f);
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'hq' (QuantizeLinear, opset 17)\n  expected: positive "
            "scales\n"
            "  found:    scale 0.000000\n  fix:      calibrate the model again: a scale of zero "
            "loses the tensor");
}

TEST(QuantizeLinear, ScalesHaveALimit) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() == "hs") t.set_float_data(0, 1e35f);
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'hq' (QuantizeLinear, opset 17)\n"
            "  expected: scales below 1e30\n  found:    scale 1e+35\n"
            "  fix:      train and calibrate the model again: its activations have diverged");
}

TEST(QuantizeLinear, AnEmptyListHoldsNoScale) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() != "ws") continue;
    t.set_dims(0, 0);
    t.clear_float_data();
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'wd' (DequantizeLinear, opset 17)\n"
            "  expected: at least one scale\n  found:    none\n"
            "  fix:      export the model again: the file is damaged");
}

TEST(QuantizeLinear, ZeroPointsHaveTheTypeOfTheData) {
  auto model = ModelFromText(
      "g (int8[1,2] x) => (float[1,2] y) { xd = DequantizeLinear(x, s, z) y = Relu(xd) }");
  AddFloats(model, "s", {}, {0.5f});
  AddIntegers(model, "z", TensorProto::INT32, {}, {100000});
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'xd' (DequantizeLinear, opset 17)\n"
            "  expected: a zero point of type int8, as the data\n  found:    type int32\n"
            "  fix:      export the model again: the file breaks the operator's definition");
}

TEST(QuantizeLinear, BiasesHaveNoZeroPoint) {
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) { b = DequantizeLinear(q, s, z) y = Add(x, b) }");
  AddFloats(model, "s", {}, {0.5f});
  AddIntegers(model, "q", TensorProto::INT32, {1, 2}, {7, 8});
  AddIntegers(model, "z", TensorProto::INT32, {}, {5});
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'b' (DequantizeLinear, opset 17)\n"
            "  expected: int32 data with zero point 0\n  found:    zero point 5\n"
            "  fix:      quantize biases symmetrically");
}

TEST(QuantizeLinear, ATensorHasOneQuantization) {
  auto model = QdqModel();
  auto* node = model.mutable_graph()->mutable_node(6);
  node->set_input(1, std::string("xs"));
  EXPECT_EQ(ImportError(model),
            "error[import/quantized-twice] node 'y' (DequantizeLinear, opset 17)\n"
            "  expected: one quantization of 'h': scale 1.000000, zero point 0\n"
            "  found:    scale 0.500000, zero point 0\n  fix:      quantize each tensor once");
}

TEST(QuantizeLinear, ActivationsHaveOneScale) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() != "hs") continue;
    t.add_dims(2);
    t.add_float_data(2.0f);
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'hq' (QuantizeLinear, opset 17)\n  expected: "
            "activations with one scale\n"
            "  found:    2 scales\n  fix:      quantize activations per tensor, only weights per "
            "channel");
}

TEST(QuantizeLinear, Int8OperandsNeedADequantize) {
  auto model = QdqModel();
  model.mutable_graph()->mutable_node(4)->set_input(0, std::string("xq"));
  EXPECT_EQ(ImportError(model),
            "error[import/integer-operand] node 'h' (Gemm, opset 17)\n"
            "  expected: real operands, integers only between QuantizeLinear and DequantizeLinear\n"
            "  found:    operand 'xq' is int8\n  fix:      export in QDQ form");
}

TEST(QuantizeLinear, ChannelsHaveOneZeroPoint) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() == "wz") t.set_int32_data(1, 3);
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'wd' (DequantizeLinear, opset 17)\n"
            "  expected: one zero point for all channels\n  found:    zero points that differ "
            "between channels\n"
            "  fix:      quantize the weights symmetrically");
}

TEST(QuantizeLinear, ChannelsMatchTheAxis) {
  auto model = QdqModel();
  for (auto& t : *model.mutable_graph()->mutable_initializer()) {
    if (t.name() != "ws") continue;
    t.set_dims(0, 3);
    t.add_float_data(1.0f);
  }
  EXPECT_EQ(ImportError(model),
            "error[import/quantization] node 'wd' (DequantizeLinear, opset 17)\n"
            "  expected: one scale per index of axis 0 of [2, 2]\n  found:    3 scales\n"
            "  fix:      export the model again: the file is damaged");
}

TEST(QuantizeLinear, FloatsCannotBeDequantized) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { y = DequantizeLinear(x, s) }");
  AddFloats(model, "s", {}, {0.5f});
  EXPECT_EQ(ImportError(model),
            "error[import/integer-operand] node 'y' (DequantizeLinear, opset 17)\n"
            "  expected: an int8 or uint8 operand\n  found:    operand 'x' is float\n"
            "  fix:      export in QDQ form");
}

TEST(QuantizeLinear, AScaleIsNeeded) {
  auto model = QdqModel();
  model.mutable_graph()->mutable_node(0)->clear_input();
  EXPECT_EQ(
      ImportError(model),
      "error[import/operands] node 'xq' (QuantizeLinear, opset 17)\n  expected: 2 to 3 operands\n"
      "  found:    0 operands\n"
      "  fix:      export the model again: the file breaks the operator's definition");
}

TEST(QuantizeLinear, Int8InputsAreTaken) {
  auto model = ModelFromText(
      "g (int8[1,2] x) => (float[1,2] y) { xd = DequantizeLinear(x, s, z) y = Relu(xd) }");
  AddFloats(model, "s", {}, {0.5f});
  AddIntegers(model, "z", TensorProto::INT8, {}, {-4});
  Graph g = Import(model);
  EXPECT_EQ(*g.value(g.inputs[0]).quantization, Quantization::PerTensor(0.5f, -4));
}

TEST(QuantizeLinear, ScalesMustBeConstant) {
  auto model = QdqModel();
  model.mutable_graph()->mutable_node(0)->set_input(1, std::string("x"));
  EXPECT_EQ(ImportError(model),
            "error[import/not-constant] node 'xq' (QuantizeLinear, opset 17)\n  expected: a "
            "constant scale\n"
            "  found:    'x', computed at run time\n  fix:      export with constant folding");
}

}  // namespace
}  // namespace tinyformer
