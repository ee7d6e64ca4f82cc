// Multi-head self-attention in one pass: never holds the scores of more than a few rows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace tinyformer {

/// y[n][t][h*dh + c] = sum_j softmax_j(scale * q[n][t][h] . k[n][j][h]) v[n][j][h][c], with a
/// gradient.
///
/// Shapes  qkv [images, tokens, 3 * dim], q, k and v side by side in the last dimension; heads
///         divides dim; y [images, tokens, dim]
/// Units   scale = 1 / sqrt(dim / heads); all of it in float32, whatever autocast says
/// Memory  scores of 8 rows per thread; the backward pass computes them again from the saved
///         log-sum-exp (4 bytes a row)
/// Bits    equal for every number of threads: each (image, head) is one thread's, in a fixed order
/// Source  Milakov and Gimelshein 2018 (online normaliser); Dao et al. 2022, FlashAttention,
///         algorithm 4 (backward)
at::Tensor FusedAttention(const at::Tensor& qkv, int64_t heads);

/// The same by matrix products: the meaning of FusedAttention, and what runs on a GPU.
at::Tensor PlainAttention(const at::Tensor& qkv, int64_t heads);

}  // namespace tinyformer
