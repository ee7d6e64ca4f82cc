#include <gtest/gtest.h>

#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

using Ints = std::vector<int64_t>;

TEST(Reshape, ResolvesZeroAndMinusOne) {
  Graph g = InputGraph({1, 6, 4});
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {4}, {0, -1, 2, 4});
  EXPECT_EQ(g.value(Append(g, "Reshape", {g.inputs[0], target})).shape, (Shape{1, 3, 2, 4}));
}

TEST(Reshape, RefusesAnotherNumberOfElements) {
  Graph g = InputGraph({1, 6, 4});
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {2}, {-1, 5});
  EXPECT_EQ(ErrorText([&] {
              Append(g, "Reshape", {g.inputs[0], target});
            }),
            "error[import/reshape-target] node 'Reshape_node' (Reshape, opset 17)\n"
            "  expected: a shape with 24 elements, as [1, 6, 4]\n  found:    [-1, 5]\n"
            "  fix:      export with batch size 1 and fixed shapes");
}

TEST(Reshape, RefusesHugeTargetsWithoutOverflow) {
  Graph g = InputGraph({1, 6, 4});
  const int64_t huge = int64_t{1} << 62;
  ValueId target = g.AddTypedConstant<int64_t>("t", DType::kInt64, {3}, {huge, huge, 4});
  EXPECT_THROW(Append(g, "Reshape", {g.inputs[0], target}), Error);
}

TEST(Transpose, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"perm",
       "Transpose",
       {1, 4},
       {},
       {{"perm", Ints{0, 0}}},
       "error[import/permutation] node 'Transpose_node' (Transpose, opset 17)\n"
       "  expected: perm that holds each of 0..1 once\n  found:    perm [0, 0]\n"
       "  fix:      export the model again: the permutation does not fit its input"},
  });
}

}  // namespace
}  // namespace tinyformer
