#include <gtest/gtest.h>

#include "compiler/import/onnx_text.h"

namespace tinyformer {
namespace {

using onnx::TensorProto;

std::string OperandTypeError(const std::string& node, const std::string& found) {
  return "error[import/operand-type] node '" + node +
         ", opset 17)\n  expected: constants of type float32, or integers behind a "
         "DequantizeLinear\n  found:    " +
         found + "\n  fix:      export in QDQ form";
}

TEST(Operands, BiasesWithoutScalesAreRefused) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { y = Gemm(x, w, b) }");
  AddFloats(model, "w", {2, 2}, {1, 2, 3, 4});
  AddIntegers(model, "b", TensorProto::INT32, {2}, {5, 6});
  EXPECT_EQ(ImportError(model), OperandTypeError("y' (Gemm", "'b' of type int32"));
}

TEST(Operands, WeightsWithoutScalesAreRefused) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { y = MatMul(x, w) }");
  AddIntegers(model, "w", TensorProto::INT8, {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(ImportError(model), OperandTypeError("y' (MatMul", "'w' of type int8"));
}

TEST(Operands, TargetsOfReshapesAreIntegers) {
  auto model = ModelFromText("g (float[1,4] x) => (float[1,2,2] y) { y = Reshape(x, t) }");
  AddIntegers(model, "t", TensorProto::INT64, {3}, {1, 2, 2});
  EXPECT_EQ(ImportError(model), "");
  auto moved = ModelFromText("g (float[1,4] x) => (float[1,4] y) { y = Reshape(t, x) }");
  AddIntegers(moved, "t", TensorProto::INT64, {1, 4}, {1, 2, 2, 3});
  EXPECT_EQ(ImportError(moved), OperandTypeError("y' (Reshape", "'t' of type int64"));
}

TEST(Operands, InputsHaveDimensions) {
  auto model = ModelFromText("g (float x) => (float y) { y = Relu(x) }");
  model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  EXPECT_EQ(ImportError(model),
            "error[import/input-shape] input 'x'\n  expected: a batch of one and other dimensions\n"
            "  found:    shape []\n  fix:      export with an example input of fixed size");
}

TEST(Operands, PaddingIsNotComputedFromWindowsWithoutBounds) {
  for (const char* attribute :
       {"strides = [9223372036854775807, 1]", "dilations = [-9223372036854775807, 1]",
        "kernel_shape = [2, -9223372036854775807]"}) {
    const std::string kernel =
        std::string(attribute).rfind("kernel", 0) == 0 ? "" : "kernel_shape = [2, 2], ";
    const auto model = ModelFromText("g (float[1,1,4,4] x) => (float[1,1,2,2] y) { y = MaxPool<" +
                                     kernel + attribute + ", auto_pad = \"SAME_UPPER\">(x) }");
    const std::string text = ImportError(model);
    EXPECT_EQ(text.rfind("error[import/attribute] node 'y' (MaxPool, opset 17)\n", 0), 0U) << text;
    EXPECT_NE(text.find(": 2 integers, each at least 1\n"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace tinyformer
