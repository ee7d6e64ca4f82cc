#include <gtest/gtest.h>

#include <cmath>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

const std::string kAgain = "export the model again: the parameters do not match their input";

TEST(LayerNorm, IsBoundedByTheSquareRootOfTheWidth) {
  Rng rng(3);
  Graph g = InputGraph({1, 5, 44});
  ValueId gamma = g.AddConstant("g", {44}, std::vector<float>(44, 1.0f));
  ValueId beta = g.AddConstant("b", {44}, std::vector<float>(44, 0.0f));
  Append(g, "layernorm", {g.inputs[0], gamma, beta});
  std::vector<float> x(220, 0.0f);
  x[7] = 1000.0f;
  auto y = FloatEvaluator(g).Run(x);
  EXPECT_NEAR(y[7], std::sqrt(43.0f), 1e-4);
  EXPECT_FLOAT_EQ(y[100], 0.0f);
}

TEST(BatchNormalization, RefusesWhatItCannotMean) {
  ExpectRefused({
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
           kAgain},
  });
}

TEST(LayerNorm, RefusesWhatItCannotMean) {
  ExpectRefused({
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
           kAgain},
  });
}

}  // namespace
}  // namespace tinyformer
