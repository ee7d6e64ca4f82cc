#include <gtest/gtest.h>

#include "compiler/import/onnx_text.h"
#include "compiler/ops/evaluate.h"

namespace tinyformer {
namespace {

using onnx::TensorProto;

std::string Nodes(const onnx::ModelProto& model) {
  std::string text;
  for (const Node& node : Import(model).nodes) text += (text.empty() ? "" : ", ") + node.op;
  return text;
}

std::string NodeError(const std::string& code, const std::string& node, int opset,
                      const std::string& expected, const std::string& found,
                      const std::string& fix) {
  return "error[import/" + code + "] node 'y' (" + node + ", opset " + std::to_string(opset) +
         ")\n  expected: " + expected + "\n  found:    " + found + "\n  fix:      " + fix;
}

const char* const kBroken = "export the model again: the file breaks the operator's definition";
const char* const kFold = "export with constant folding";

TEST(EquivalentOperators, AxesAreAttributesInOldOperatorSetsAndOperandsInNewOnes) {
  auto old = ModelFromText(
      "g (float[1,3,1,1] x) => (float[1,1,3] y) { s = Squeeze<axes = [2, -1]>(x) y = "
      "Unsqueeze<axes = [0]>(s) }",
      11);
  auto now = ModelFromText(
      "g (float[1,3,1,1] x) => (float[1,1,3] y) { s = Squeeze(x, a) y = Unsqueeze(s, b) }", 13);
  AddIntegers(now, "a", TensorProto::INT64, {2}, {2, -1});
  AddIntegers(now, "b", TensorProto::INT64, {1}, {0});
  for (const auto& model : {old, now}) {
    const Graph g = Import(model);
    EXPECT_EQ(Print(g),
              "graph g\n  input %x: float32 [1, 3, 1, 1]\n"
              "  %s = Reshape(%x, $s.shape: int64 [2]) : float32 [1, 3]\n"
              "  %y = Reshape(%s, $y.shape: int64 [3]) : float32 [1, 1, 3]\n  output %y\n");
    EXPECT_EQ(FloatEvaluator(g).Run({1, 2, 3}), (std::vector<float>{1, 2, 3}));
  }
}

TEST(EquivalentOperators, SqueezeWithoutAxesTakesAllOfOneElement) {
  auto model = ModelFromText("g (float[1,3,1] x) => (float[3] y) { y = Squeeze(x) }");
  EXPECT_EQ(Import(model).value(Import(model).outputs[0]).shape, Shape{3});
}

TEST(EquivalentOperators, WrongAxesAreNamed) {
  EXPECT_EQ(
      ImportError(
          ModelFromText("g (float[1,3] x) => (float[1] y) { y = Squeeze<axes = [1]>(x) }", 11)),
      NodeError("axis", "Squeeze", 11, "axes of one element", "axes [1] of shape [1, 3]", kBroken));
  EXPECT_EQ(ImportError(ModelFromText(
                "g (float[1,3] x) => (float[1] y) { y = Squeeze<axes = [0, -2]>(x) }", 11)),
            NodeError("axis", "Squeeze", 11, "each axis once", "axes [0, 0]", kBroken));
  EXPECT_EQ(ImportError(ModelFromText(
                "g (float[1,3] x) => (float[1,3,1] y) { y = Unsqueeze<axes = [3]>(x) }", 11)),
            NodeError("axis", "Unsqueeze", 11, "axis in [-3, 2]", "axis 3",
                      "export the model again with an axis of the operand"));
  EXPECT_EQ(ImportError(ModelFromText("g (float[1,3] x) => (float[1,3,1] y) { y = Unsqueeze(x) }")),
            NodeError("axis", "Unsqueeze", 17, "axes", "none", kBroken));
  EXPECT_EQ(ImportError(ModelFromText(
                "g (float[1,3] x) => (float[1,3,1] y) { a = Relu(x) y = Unsqueeze(x, a) }")),
            NodeError("axis", "Unsqueeze", 17, "axes that are a constant of type int64",
                      "'a', computed at run time", kFold));
  auto real = ModelFromText("g (float[1,3] x) => (float[1,3,1] y) { y = Unsqueeze(x, a) }");
  AddFloats(real, "a", {1}, {2});
  EXPECT_EQ(ImportError(real),
            NodeError("axis", "Unsqueeze", 17, "axes that are a constant of type int64",
                      "a constant of type float32", kFold));
  EXPECT_EQ(ImportError(ModelFromText("g (float[1,3] x) => (float[1,3] y) { y = Squeeze() }")),
            NodeError("operands", "Squeeze", 17, "1 to 2 operands", "0 operands", kBroken));
}

TEST(EquivalentOperators, TheMeanOfAnImageIsGlobalAveragePool) {
  const std::string image = "g (float[1,2,2,2] x) => (float[1,2,1,1] y) ";
  for (const char* axes : {"[2, 3]", "[-1, -2]"}) {
    auto keeps = ModelFromText(image + "{ y = ReduceMean<axes = " + axes + ">(x) }");
    EXPECT_EQ(Nodes(keeps), "GlobalAveragePool");
    auto flat = ModelFromText("g (float[1,2,2,2] x) => (float[1,2] y) { y = ReduceMean<axes = " +
                              std::string(axes) + ", keepdims = 0>(x) }");
    const Graph g = Import(flat);
    EXPECT_EQ(Nodes(flat), "GlobalAveragePool, Reshape");
    EXPECT_EQ(g.value(g.outputs[0]).shape, (Shape{1, 2}));
    EXPECT_EQ(g.value(g.outputs[0]).name, "y");
    EXPECT_EQ(FloatEvaluator(g).Run({1, 2, 3, 4, 5, 6, 7, 8}), (std::vector<float>{2.5F, 6.5F}));
  }
  auto operand = ModelFromText(image + "{ y = ReduceMean(x, a) }", 18);
  AddIntegers(operand, "a", TensorProto::INT64, {2}, {2, 3});
  EXPECT_EQ(Nodes(operand), "GlobalAveragePool");
  const auto refused = [](const std::string& found) {
    return NodeError("axis", "ReduceMean", 17, "the mean of an image: axes 2 and 3", found,
                     "use AveragePool or GlobalAveragePool");
  };
  EXPECT_EQ(ImportError(ModelFromText(image + "{ y = ReduceMean(x) }")), refused("no axes"));
  EXPECT_EQ(ImportError(ModelFromText(image + "{ y = ReduceMean<axes = [1]>(x) }")),
            refused("axes [1]"));
}

TEST(EquivalentOperators, SubAndDivByConstantsAreAddAndMul) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { s = Sub(x, a) y = Div(s, b) }");
  AddFloats(model, "a", {2}, {1, -2});
  AddFloats(model, "b", {}, {4});
  EXPECT_EQ(Nodes(model), "Add, Mul");
  EXPECT_EQ(FloatEvaluator(Import(model)).Run({3, 6}), (std::vector<float>{0.5F, 2}));
}

TEST(EquivalentOperators, DivisionsThatNoConstantDecidesAreNamed) {
  auto zero = ModelFromText("g (float[1,2] x) => (float[1,2] y) { y = Div(x, b) }");
  AddFloats(zero, "b", {2}, {1, 0});
  EXPECT_EQ(ImportError(zero),
            NodeError("not-finite", "Div", 17, "a right operand that can be divided by", "0.000000",
                      "correct the model: its result is not finite"));
  EXPECT_EQ(
      ImportError(
          ModelFromText("g (float[1,2] x) => (float[1,2] y) { a = Relu(x) y = Sub(x, a) }")),
      NodeError("not-constant", "Sub", 17, "a constant right operand", "'a', which a node computes",
                "export with constant folding; subtract or divide what varies in another way"));
}

TEST(EquivalentOperators, ConstantsAreFiniteAndOfTheirType) {
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) { k = Constant<value_float = 1.0>() y = Sub(x, k) }");
  onnx::AttributeProto& k = *model.mutable_graph()->mutable_node(0)->mutable_attribute(0);
  EXPECT_EQ(Nodes(model), "Add");
  k.set_f(INFINITY);
  EXPECT_EQ(
      ImportError(model),
      "error[import/not-finite] tensor 'k'\n  expected: finite numbers\n"
      "  found:    an infinity at element 0\n  fix:      train again: the weights have diverged");
  k.set_type(onnx::AttributeProto::INT);
  EXPECT_EQ(
      ImportError(model),
      "error[import/constant] node 'k' (Constant, opset 17)\n  expected: attribute value, "
      "value_int, value_ints, value_float or value_floats\n  found:    attribute 'value_float'\n"
      "  fix:      export the constant as a tensor");
}

TEST(EquivalentOperators, ScalarsAreReshapes) {
  auto model = ModelFromText("g (float[1,3] x) => (float[1,3] y) { s = Squeeze(k) y = Mul(x, s) }");
  AddFloats(model, "k", {1}, {2});
  EXPECT_EQ(FloatEvaluator(Import(model)).Run({1, 2, 3}), (std::vector<float>{2, 4, 6}));
  EXPECT_EQ(ImportError(ModelFromText("g (float[1,1] x) => (float y) { y = Squeeze(x) }")),
            NodeError("output-shape", "Reshape", 17, "an output with a batch of one", "shape []",
                      "keep the first dimension"));
}

TEST(EquivalentOperators, DropoutGoes) {
  auto model = ModelFromText(
      "g (float[1,2] x) => (float[1,2] y) { r = Constant<value_float = 0.5>() d = Dropout(x, r) "
      "y = Relu(d) }");
  EXPECT_EQ(Nodes(model), "Relu");
  EXPECT_EQ(Nodes(ModelFromText("g (float[1,2] x) => (float[1,2] y) { d = Dropout<ratio = 0.5>(x) "
                                "y = Relu(d) }",
                                11)),
            "Relu");
}

TEST(EquivalentOperators, DropoutInTrainingIsRefused) {
  const std::string text = "g (float[1,2] x) => (float[1,2] z) { y = Dropout(x, , t) z = Relu(y) }";
  for (const auto& [training, error] :
       {std::pair{1, NodeError("attribute", "Dropout", 17, "training_mode false", "another",
                               "export in evaluation mode")},
        std::pair{0, std::string()}}) {
    auto model = ModelFromText(text);
    AddIntegers(model, "t", TensorProto::BOOL, {}, {training});
    EXPECT_EQ(ImportError(model), error);
  }
  EXPECT_EQ(ImportError(ModelFromText("g (float[1,2] x) => (float[1,2] m) { y, m = Dropout(x) }")),
            NodeError("extra-output", "Dropout", 17, "only the first output in use", "output 'm'",
                      "export without the operator's optional outputs"));
}

}  // namespace
}  // namespace tinyformer
