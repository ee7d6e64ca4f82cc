#include <gtest/gtest.h>

#include "compiler/ops/gemm.h"
#include "compiler/ops/ops_for_tests.h"

namespace tinyformer {
namespace {

TEST(Gemm, EqualsThePlainSumForAnySize) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const int64_t m = 1 + static_cast<int64_t>(rng.Below(9)),
                  n = 1 + static_cast<int64_t>(rng.Below(70)),
                  k = 1 + static_cast<int64_t>(rng.Below(40));
    auto a = RandomFloats(rng, m * k), b = RandomFloats(rng, k * n), c = RandomFloats(rng, m * n),
         plain = c;
    Gemm(m, n, k, a.data(), k, b.data(), n, c.data(), n);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = plain[static_cast<size_t>(i * n + j)];
        for (int64_t p = 0; p < k; ++p) {
          sum += double{a[static_cast<size_t>(i * k + p)]} * b[static_cast<size_t>(p * n + j)];
        }
        // k products of at most 1, each rounded once, sums at most k: k * (k + 1) * 2^-24.
        EXPECT_NEAR(c[static_cast<size_t>(i * n + j)], sum, static_cast<double>(k * (k + 1)) * 6e-8)
            << "seed " << seed;
      }
    }
  }
}

TEST(MatMul, RefusesUnequalInnerDimensions) {
  Graph g = InputGraph({1, 3, 4});
  ValueId w = g.AddConstant("w", {5, 2}, std::vector<float>(10));
  EXPECT_EQ(
      ErrorText([&] {
        Append(g, "MatMul", {g.inputs[0], w});
      }),
      "error[import/inner-dimension] node 'MatMul_node' (MatMul, opset 17)\n"
      "  expected: operands whose inner dimensions are equal\n  found:    [1, 3, 4] and [5, 2]\n"
      "  fix:      export the model again: the operands do not multiply");
}

TEST(Gemm, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"transA",
       "Gemm",
       {4, 1},
       {{4, 2}},
       {{"transA", int64_t{1}}},
       "error[import/attribute] node 'Gemm_node' (Gemm, opset 17)\n  expected: transA 0\n  found:  "
       "  transA 1\n"
       "  fix:      transpose the operand before this node"},
      {"gemm bias",
       "Gemm",
       {1, 4},
       {{4, 2}, {2, 2}},
       {},
       "error[import/bias-shape] node 'Gemm_node' (Gemm, opset 17)\n"
       "  expected: a bias that broadcasts to [1, 2]\n  found:    shape [2, 2]\n"
       "  fix:      give one bias per output"},
  });
}

TEST(Linear, RefusesWhatItCannotMean) {
  ExpectRefused({
      {"linear bias",
       "linear",
       {1, 4},
       {{2, 4}, {3}},
       {},
       "error[import/bias-shape] node 'linear_node' (linear, opset 17)\n  expected: a bias of "
       "shape [2]\n"
       "  found:    shape [3]\n  fix:      give one bias per output"},
  });
}

}  // namespace
}  // namespace tinyformer
