// Files that are ONNX, of graphs that nothing can be computed with.
#include <gtest/gtest.h>

#include "compiler/import/onnx_text.h"

namespace tinyformer {
namespace {

TEST(DamagedModel, OutputsDependOnTheInput) {
  auto model = ModelFromText("g (float[1,2] x) => (float[1,2] y) { a = Relu(x) y = Relu(c) }");
  AddFloats(model, "c", {1, 2}, {1, 2});
  EXPECT_EQ(ImportError(model),
            "error[import/constant-output] output 'y'\n"
            "  expected: a tensor that is computed from the input\n"
            "  found:    one that is the same for every input\n"
            "  fix:      check that the right model was exported");
}

TEST(DamagedModel, OperandsHaveElements) {
  auto model = ModelFromText("g (float[1,1] x) => (float[1,1] y) { y = Add(x, e) }");
  AddFloats(model, "e", {0}, {});
  EXPECT_EQ(ImportError(model),
            "error[import/empty-operand] node 'y' (Add, opset 17)\n"
            "  expected: operands with at least one element\n  found:    'e' of shape [0]\n"
            "  fix:      export the model again: the operand was lost");
}

}  // namespace
}  // namespace tinyformer
