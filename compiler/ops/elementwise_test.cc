#include <gtest/gtest.h>

#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

TEST(Add, RefusesShapesThatDoNotBroadcast) {
  Graph g = InputGraph({1, 3, 4});
  ValueId b = g.AddConstant("b", {3}, {1, 2, 3});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Add", {g.inputs[0], b});
            }),
            "error[import/broadcast] node 'Add_node' (Add, opset 17)\n"
            "  expected: operands that broadcast to one shape\n  found:    [1, 3, 4] and [3]\n"
            "  fix:      reshape one operand before this node");
}

TEST(Clip, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"clip",
       "Clip",
       {1, 4},
       {{2}},
       {},
       "error[import/clip-bound] node 'Clip_node' (Clip, opset 17)\n  expected: a bound that is "
       "one number\n"
       "  found:    operand 'c0' of shape [2]\n  fix:      clip with scalar bounds"},
  });
}

}  // namespace
}  // namespace tinyformer
