// Matrix product in float32, the inner loop of the float reference.
#pragma once

#include <cstdint>

namespace tinyformer {

/// c[i][j] += sum_k a[i][k] * b[k][j]
///
/// Shapes  a [m][k] rows lda apart; b [k][n] rows ldb apart; c [m][n] rows ldc apart
/// Memory  one packed panel of b: k * 32 floats on the heap
/// Order   the sum over k runs in order for every element, so a result does not depend on m or n;
///         whether multiply and add are fused depends on the processor
void Gemm(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb,
          float* c, int64_t ldc);

}  // namespace tinyformer
