// Block-sparse int8 matrix product over tokens, computed straight from the code.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine {

/// A linear layer with block-sparse weights; bias as in LinearS8 (folded over the stored weights).
struct LinearS8Sparse {
  int32_t tokens;
  int32_t in;  // a multiple of the block
  int32_t out;
  SparseWeights weights;
  const int32_t* bias;  // [out]
  OutputS8 output;
};

/// Scratch for every linear_s8_<sparse>.
constexpr int32_t linear_s8_sparse_scratch_bytes(const LinearS8Sparse& layer) {
  return sparse_scratch_bytes(layer.tokens, layer.in, layer.out);
}

/// y[t][o] = output_s8(o, bias[o] + sum over the stored weights of row o of x[t][i] * w[o][i])
///
/// One kernel per code: run length with blocks of 2 and 4, bitmap with blocks of 2 and 4. A code's
/// blocks are decoded once for kTokenBatch tokens or more; no dense copy is made.
///
/// Shapes  x [tokens][in]   bias, multiplier [out]   y [tokens][out]
/// Bounds  as linear_s8; in / block <= 65535 (records of a row fit uint16)
/// Memory  scratch of linear_s8_sparse_scratch_bytes, 4-byte aligned, overlaps nothing; y may begin
///         where x does if linear_s8_in_place (linear_s8.h) says so, no other overlaps
/// Errors  none: the compiler proves the preconditions
/// Source  TinyFormer III-D2, Fig. 8; docs/sparse_format.md
namespace ref {
void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace ref
namespace arm {
void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace arm
namespace host {
void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace host
using TINYFORMER_ENGINE_SELECT(arm, host)::linear_s8_rlc2;
using TINYFORMER_ENGINE_SELECT(arm, host)::linear_s8_rlc4;
using TINYFORMER_ENGINE_SELECT(arm, host)::linear_s8_bitmap2;
using TINYFORMER_ENGINE_SELECT(arm, host)::linear_s8_bitmap4;

}  // namespace tinyformer::engine
