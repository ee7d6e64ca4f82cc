#include "compiler/import/read_onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/rng.h"
#include "compiler/import/onnx_text.h"
#include "compiler/ops/evaluate.h"

namespace tinyformer {
namespace {

std::string BytesError(const std::string& bytes) {
  try {
    ParseOnnx(bytes, "m.onnx");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

const char* kSupported =
    "one of Add, AveragePool, BatchNormalization, Clip, Constant, Conv, DequantizeLinear, Div, "
    "Dropout, Flatten, Gemm, GlobalAveragePool, Identity, LayerNormalization, MatMul, MaxPool, "
    "Mul, QuantizeLinear, ReduceMean, Relu, Reshape, Softmax, Squeeze, Sub, Transpose, Unsqueeze";

onnx::ModelProto ReluModel() {
  return ModelFromText("g (float[1,4] x) => (float[1,4] y) { y = Relu(x) }");
}

onnx::ModelProto ConvModel() {
  auto model = ModelFromText("g (float[N,1,3,3] x) => (float[N,2,2,2] y) { y = Conv(x, w, b) }");
  AddFloats(model, "w", {2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  AddFloats(model, "b", {2}, {0.5f, -0.5f});
  return model;
}

TEST(ReadOnnx, ReadsASmallConvolution) {
  Graph g = Import(ConvModel());
  EXPECT_EQ(Print(g),
            "graph g\n  input %x: float32 [1, 1, 3, 3]\n"
            "  %y = Conv(%x, $w: float32 [2, 1, 2, 2], $b: float32 [2]) : float32 [1, 2, 2, 2]\n  "
            "output %y\n");
  auto y = FloatEvaluator(g).Run({1, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(y, (std::vector<float>{1.5f, 0.5f, 0.5f, 0.5f, 4.5f, -0.5f, -0.5f, -0.5f}));
}

TEST(ReadOnnx, ConstantsAndIdentitiesDisappear) {
  auto model = ModelFromText(
      "g (float[1,6] x) => (float[1,2,3] y) { s = Constant<value_ints = [1, 2, 3]>() i = "
      "Identity(x) "
      "y = Reshape(i, s) }");
  EXPECT_EQ(Print(Import(model)),
            "graph g\n  input %x: float32 [1, 6]\n"
            "  %y = Reshape(%x, $s: int64 [3]) : float32 [1, 2, 3]\n  output %y\n");
}

TEST(ReadOnnx, AutoPadBecomesPads) {
  auto model = ModelFromText(
      "g (float[1,1,5,4] x) => (float[1,1,3,2] y) { y = MaxPool<auto_pad = \"SAME_UPPER\", "
      "kernel_shape = [2, 3], "
      "strides = [2, 2]>(x) }");
  Graph g = Import(model);
  EXPECT_EQ(g.nodes[0].Ints("pads", {}), (std::vector<int64_t>{0, 0, 1, 1}));
}

TEST(ReadOnnx, MissingFileIsNamed) {
  try {
    ReadOnnx("/no/such/model.onnx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "file/missing");
  }
}

TEST(ReadOnnx, EmptyFileIsNotAModel) {
  EXPECT_EQ(BytesError(""),
            "error[import/not-onnx] m.onnx\n  expected: an ONNX model\n  found:    an empty file\n"
            "  fix:      export the model again");
}

TEST(ReadOnnx, TextIsNotAModel) {
  EXPECT_EQ(BytesError("<html>not found</html>"),
            "error[import/not-onnx] m.onnx\n  expected: an ONNX model\n"
            "  found:    22 bytes that are not a whole protobuf message\n"
            "  fix:      check that the file is an .onnx file and that it was copied completely");
}

TEST(ReadOnnx, EveryTruncationIsAnError) {
  const std::string bytes = ConvModel().SerializeAsString();
  for (size_t n = 0; n < bytes.size(); ++n)
    EXPECT_NE(BytesError(bytes.substr(0, n)), "") << n << " bytes";
}

TEST(ReadOnnx, DamagedBytesNeverCrash) {
  const std::string bytes = ConvModel().SerializeAsString();
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    Rng rng(seed);
    std::string damaged = bytes;
    for (int i = 0; i < 3; ++i)
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    BytesError(damaged);  // an Error or a graph that Verify accepts; anything else fails the test
  }
}

TEST(ReadOnnx, OldOperatorSetsAreRefused) {
  auto model = ReluModel();
  model.mutable_opset_import(0)->set_version(9);
  EXPECT_EQ(
      ImportError(model),
      "error[import/opset] m.onnx\n  expected: operator set 11 to 20\n  found:    operator set 9\n"
      "  fix:      export with opset_version=17");
}

TEST(ReadOnnx, UnsupportedOperatorsNameNodeOperatorAndOpset) {
  auto model = ModelFromText("g (float[1,4] x) => (float[1,4] y) { y = Erf(x) }");
  model.mutable_graph()->mutable_node(0)->set_name("blk0.gelu");
  EXPECT_EQ(
      ImportError(model),
      std::string("error[import/unsupported-op] node 'blk0.gelu' (Erf, opset 17)\n  expected: ") +
          kSupported +
          "\n  found:    Erf\n  fix:      express the model with the operators above, or add "
          "it: docs/adding_an_operator.md");
}

TEST(ReadOnnx, OtherDomainsAreUnsupported) {
  auto model = ReluModel();
  model.mutable_graph()->mutable_node(0)->set_domain("com.microsoft");
  EXPECT_EQ(
      ImportError(model),
      std::string("error[import/unsupported-op] node 'y' (com.microsoft.Relu, opset 17)\n"
                  "  expected: ") +
          kSupported +
          "\n  found:    com.microsoft.Relu\n  fix:      express the model with the operators "
          "above, or add it: docs/adding_an_operator.md");
}

TEST(ReadOnnx, LoweredNamesAreNotOnnx) {
  auto model = ReluModel();
  model.mutable_graph()->mutable_node(0)->set_op_type("conv2d");
  EXPECT_THAT(ImportError(model),
              ::testing::HasSubstr("error[import/unsupported-op] node 'y' (conv2d, opset 17)"));
}

TEST(ReadOnnx, CyclesAreRefused) {
  auto model =
      ModelFromText("g (float[1,4] x) => (float[1,4] y) { a = Add(x, b) b = Relu(a) y = Relu(b) }");
  EXPECT_EQ(ImportError(model),
            "error[import/undefined-tensor] node 'a' (Add, opset 17)\n"
            "  expected: operands that an earlier node, an input or an initialiser makes\n  found: "
            "   'b'\n"
            "  fix:      sort the nodes topologically; a cycle cannot be compiled");
}

TEST(ReadOnnx, OutputsMustBeMade) {
  auto model = ReluModel();
  model.mutable_graph()->mutable_output(0)->set_name("z");
  EXPECT_EQ(ImportError(model),
            "error[import/undefined-tensor] output 'z'\n  expected: a node that makes it\n  found: "
            "   no such node\n"
            "  fix:      export the model again: the file is damaged");
}

TEST(ReadOnnx, NamesAreDefinedOnce) {
  auto model = ModelFromText("g (float[1,4] x) => (float[1,4] y) { y = Relu(x) y = Relu(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/duplicate-name] tensor 'y'\n  expected: each tensor to be made once\n"
            "  found:    a second tensor of this name\n  fix:      export the model again: the "
            "file is damaged");
}

TEST(ReadOnnx, BatchesAreRefused) {
  auto model = ModelFromText("g (float[8,4] x) => (float[8,4] y) { y = Relu(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/batch] input 'x'\n  expected: batch size 1 (or a dynamic batch)\n  "
            "found:    batch size 8\n"
            "  fix:      export with a batch of one");
}

TEST(ReadOnnx, DynamicImageSizesAreRefused) {
  auto model = ModelFromText("g (float[1,C] x) => (float[1,C] y) { y = Relu(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/dynamic-shape] input 'x'\n  expected: fixed dimensions after the batch\n"
            "  found:    dimension 'C'\n  fix:      export with an example input of fixed size");
}

TEST(ReadOnnx, MissingShapesAreRefused) {
  auto model = ReluModel();
  model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  EXPECT_EQ(ImportError(model),
            "error[import/missing-shape] input 'x'\n  expected: a tensor with a known shape\n  "
            "found:    no shape\n"
            "  fix:      export with an example input of fixed size");
}

TEST(ReadOnnx, HugeInputsAreRefused) {
  auto model = ModelFromText("g (float[1,1000000,1000000] x) => (float[1] y) { y = Relu(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/input-size] input 'x'\n  expected: at most 268435456 elements\n"
            "  found:    shape [1, 1000000, 1000000]\n  fix:      use a smaller input");
}

TEST(ReadOnnx, OtherInputTypesAreRefused) {
  auto model = ModelFromText("g (double[1,4] x) => (double[1,4] y) { y = Relu(x) }");
  EXPECT_EQ(
      ImportError(model),
      "error[import/input-type] input 'x'\n  expected: FLOAT, INT8 or UINT8\n  found:    DOUBLE\n"
      "  fix:      export with a float32 input");
}

TEST(ReadOnnx, OneInputIsTaken) {
  auto model = ModelFromText("g (float[1,4] x, float[1,4] z) => (float[1,4] y) { y = Add(x, z) }");
  EXPECT_EQ(ImportError(model),
            "error[import/inputs] m.onnx\n  expected: one input\n  found:    2 inputs\n"
            "  fix:      export a model that takes one image");
}

TEST(ReadOnnx, OneOutputIsGiven) {
  auto model =
      ModelFromText("g (float[1,4] x) => (float[1,4] y, float[1,4] z) { y = Relu(x) z = Relu(y) }");
  EXPECT_EQ(ImportError(model),
            "error[import/outputs] m.onnx\n  expected: one output\n  found:    2 outputs\n"
            "  fix:      export a model that returns one tensor");
}

TEST(ReadOnnx, ShortInitialisersAreRefused) {
  auto model = ConvModel();
  model.mutable_graph()->mutable_initializer(0)->mutable_float_data()->RemoveLast();
  EXPECT_EQ(ImportError(model),
            "error[import/tensor-size] tensor 'w'\n  expected: 8 elements for shape [2, 1, 2, 2]\n"
            "  found:    7 elements\n  fix:      export the model again: the file is damaged");
}

TEST(ReadOnnx, ShortRawDataIsRefused) {
  auto model = ConvModel();
  auto* w = model.mutable_graph()->mutable_initializer(1);
  w->clear_float_data();
  w->set_raw_data("abc");
  EXPECT_EQ(ImportError(model),
            "error[import/tensor-size] tensor 'b'\n  expected: 8 bytes for shape [2]\n  found:    "
            "3 bytes\n"
            "  fix:      export the model again: the file is damaged");
}

TEST(ReadOnnx, OverflowingShapesAreRefused) {
  auto model = ConvModel();
  for (int i = 0; i < 4; ++i)
    model.mutable_graph()->mutable_initializer(0)->set_dims(i, int64_t{1} << 40);
  EXPECT_EQ(ImportError(model),
            "error[import/tensor-size] tensor 'w'\n  expected: at most 268435456 elements\n"
            "  found:    shape [1099511627776, 1099511627776, 1099511627776, 1099511627776]\n"
            "  fix:      export the model again: the file is damaged");
}

TEST(ReadOnnx, NaNWeightsAreRefused) {
  auto model = ConvModel();
  model.mutable_graph()->mutable_initializer(0)->set_float_data(3, std::nanf(""));
  EXPECT_EQ(ImportError(model),
            "error[import/not-finite] tensor 'w'\n  expected: finite numbers\n  found:    NaN at "
            "element 3\n"
            "  fix:      train again: the weights have diverged");
}

TEST(ReadOnnx, ExternalDataIsRefused) {
  auto model = ConvModel();
  model.mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  EXPECT_EQ(ImportError(model),
            "error[import/external-data] tensor 'w'\n  expected: weights inside the file\n"
            "  found:    a reference to another file\n  fix:      save the model with "
            "save_as_external_data=False");
}

TEST(ReadOnnx, HalfPrecisionWeightsAreRefused) {
  auto model = ConvModel();
  model.mutable_graph()->mutable_initializer(0)->set_data_type(onnx::TensorProto::FLOAT16);
  EXPECT_EQ(
      ImportError(model),
      "error[import/tensor-type] tensor 'w'\n  expected: FLOAT, DOUBLE, INT8, UINT8, BOOL, INT32 "
      "or INT64\n"
      "  found:    FLOAT16\n  fix:      convert the model to float32 before exporting it");
}

TEST(ReadOnnx, AttributesHaveTheirTypes) {
  auto model = ConvModel();
  auto* a = model.mutable_graph()->mutable_node(0)->add_attribute();
  a->set_name("group");
  a->set_type(onnx::AttributeProto::FLOAT);
  EXPECT_EQ(ImportError(model),
            "error[import/attribute-type] node 'y' (Conv, opset 17)\n  expected: attribute 'group' "
            "of type INT\n"
            "  found:    FLOAT\n  fix:      export the model again: the file breaks the operator's "
            "definition");
}

TEST(ReadOnnx, UnknownAttributesAreRefused) {
  auto model = ConvModel();
  auto* a = model.mutable_graph()->mutable_node(0)->add_attribute();
  a->set_name("activation");
  a->set_type(onnx::AttributeProto::STRING);
  EXPECT_EQ(ImportError(model),
            "error[import/attribute-unknown] node 'y' (Conv, opset 17)\n"
            "  expected: attributes of this operator that the compiler knows\n  found:    "
            "attribute 'activation'\n"
            "  fix:      export without it, or open a request for support");
}

TEST(ReadOnnx, SecondOutputsAreRefused) {
  auto model = ModelFromText(
      "g (float[1,1,4,4] x) => (float[1,1,2,2] y) { y, i = MaxPool<kernel_shape = [2, 2], strides "
      "= [2, 2]>(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/extra-output] node 'y' (MaxPool, opset 17)\n  expected: only the first "
            "output in use\n"
            "  found:    output 'i'\n  fix:      export without the operator's optional outputs");
}

TEST(ReadOnnx, OutputsHaveBoundedSizes) {
  auto model =
      ModelFromText("g (float[1,20000,1] x) => (float[1,20000,20000] y) { y = MatMul(x, w) }");
  AddFloats(model, "w", {1, 20000}, std::vector<float>(20000, 1.0f));
  EXPECT_EQ(
      ImportError(model),
      "error[import/output-shape] node 'y' (MatMul, opset 17)\n"
      "  expected: an output of 1 to 268435456 elements\n  found:    shape [1, 20000, 20000]\n"
      "  fix:      use a smaller input");
}

TEST(ReadOnnx, ConstantsAreTensors) {
  auto model = ModelFromText(
      "g (float[1,4] x) => (float[1,4] y) { s = Constant<value_string = \"a\">() y = Relu(x) }");
  EXPECT_EQ(ImportError(model),
            "error[import/constant] node 's' (Constant, opset 17)\n"
            "  expected: attribute value, value_int, value_ints, value_float or value_floats\n"
            "  found:    attribute 'value_string'\n  fix:      export the constant as a tensor");
}

TEST(ReadOnnx, SparseInitialisersAreRefused) {
  auto model = ReluModel();
  model.mutable_graph()->add_sparse_initializer();
  EXPECT_EQ(
      ImportError(model),
      "error[import/tensor-type] m.onnx\n  expected: dense initialisers (zeros stored as zeros)\n"
      "  found:    1 sparse initialisers\n"
      "  fix:      export with dense weights: the compiler finds the zeros itself");
}

TEST(ReadOnnx, UnknownPaddingModesAreRefused) {
  auto model = ModelFromText(
      "g (float[1,1,4,4] x) => (float[1,1,2,2] y) { y = MaxPool<kernel_shape = [2, 2], auto_pad = "
      "\"SAME\">(x) }");
  EXPECT_EQ(
      ImportError(model),
      "error[import/attribute] node 'y' (MaxPool, opset 17)\n"
      "  expected: auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER\n  found:    auto_pad SAME\n"
      "  fix:      export with explicit pads");
}

TEST(ReadOnnx, LayerNormalizationBelongsToOpset17) {
  auto model =
      ModelFromText("g (float[1,4] x) => (float[1,4] y) { y = LayerNormalization(x, s) }", 16);
  AddFloats(model, "s", {4}, {1, 1, 1, 1});
  EXPECT_EQ(
      ImportError(model),
      std::string("error[import/unsupported-op] node 'y' (LayerNormalization, opset 16)\n"
                  "  expected: ") +
          kSupported +
          "\n  found:    LayerNormalization\n  fix:      express the model with the operators "
          "above, or add it: docs/adding_an_operator.md");
}

TEST(ReadOnnx, OldSoftmaxDefaultsToAxisOne) {
  auto model = ModelFromText("g (float[1,4,5] x) => (float[1,4,5] y) { y = Softmax(x) }", 11);
  EXPECT_EQ(ImportError(model),
            "error[import/softmax-axis] node 'y' (Softmax, opset 11)\n"
            "  expected: axis -1 or 2 for input [1, 4, 5]\n  found:    axis 1\n"
            "  fix:      transpose before Softmax, or export with axis=-1");
}

TEST(ReadOnnx, ShapesComputedAtRunTimeAreRefused) {
  auto model =
      ModelFromText("g (float[1,6] x) => (float[1,6] y) { s = Relu(x) y = Reshape(x, s) }");
  EXPECT_EQ(
      ImportError(model),
      "error[import/reshape-target] node 'y' (Reshape, opset 17)\n  expected: a constant int64 "
      "target shape\n"
      "  found:    's', computed at run time\n"
      "  fix:      export with fixed shapes (constant folding on, no dynamic axes but the batch)");
}

}  // namespace
}  // namespace tinyformer
