#include <gtest/gtest.h>

#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

TEST(Softmax, RefusesOtherAxes) {
  Graph g = InputGraph({2, 3, 4});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Softmax", {g.inputs[0]}, {{"axis", int64_t{1}}});
            }),
            "error[import/softmax-axis] node 'Softmax_node' (Softmax, opset 17)\n"
            "  expected: axis -1 or 2 for input [2, 3, 4]\n  found:    axis 1\n"
            "  fix:      transpose before Softmax, or export with axis=-1");
}

TEST(Softmax, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"softmax axis",
       "Softmax",
       {1, 4},
       {},
       {{"axis", int64_t{5}}},
       "error[import/axis] node 'Softmax_node' (Softmax, opset 17)\n  expected: axis in [-2, 1]\n"
       "  found:    axis 5\n  fix:      export the model again with an axis of the operand"},
  });
}

TEST(Attention, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"attention",
       "attention",
       {1, 3, 4},
       {{1, 3, 4}, {1, 3, 4}},
       {{"heads", int64_t{3}}},
       "error[import/attention] node 'attention_node' (attention, opset 17)\n"
       "  expected: q, k, v of one shape whose width the heads divide\n"
       "  found:    [1, 3, 4], [1, 3, 4], [1, 3, 4] with 3 heads\n  fix:      use self-attention "
       "with equal widths"},
      {"attention_pool",
       "attention_pool",
       {1, 3, 1},
       {{1, 4, 2}},
       {},
       "error[import/attention] node 'attention_pool_node' (attention_pool, opset 17)\n"
       "  expected: one logit per token, shape [1, 4, 1]\n  found:    shape [1, 3, 1]\n"
       "  fix:      score each token once"},
  });
}

}  // namespace
}  // namespace tinyformer
