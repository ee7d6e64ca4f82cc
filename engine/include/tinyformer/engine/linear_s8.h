// Dense int8 matrix product over tokens: linear layers and 1x1 convolutions.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// A dense linear layer; bias[o] = b[o] - zero_point(x) * sum_i w[o][i].
struct LinearS8 {
  int32_t tokens;
  int32_t in;
  int32_t out;
  const int8_t* weights;  // [out][in], each in [-127, 127]
  const int32_t* bias;    // [out], scale s_x * s_w[o]
  OutputS8 output;
};

/// Scratch for linear_s8.
constexpr int32_t linear_s8_scratch_bytes(const LinearS8& layer) {
  return dense_scratch_bytes(layer.tokens, layer.in, layer.out);
}

/// Whether y may begin where x does: a batch of tokens is read whole, into scratch, before its
/// outputs are written, and outputs never run ahead of the inputs that are left. Tokens that fill
/// no batch make the last one go back over tokens that are done (next_run in
/// engine/arm/token_batch.h): their inputs must lie behind all outputs that are written by then.
/// For all linear kernels.
constexpr bool linear_s8_in_place(int32_t tokens, int32_t in, int32_t out) {
  const int32_t rest = tokens % kTokenBatch;
  if (out > in) return false;
  return tokens < kTokenBatch || rest == 0 || (tokens - rest) * out <= (tokens - kTokenBatch) * in;
}

/// y[t][o] = output_s8(o, bias[o] + sum_i x[t][i] * w[o][i])
///
/// Shapes  x [tokens][in]   w [out][in]   bias, multiplier [out]   y [tokens][out]
/// Bounds  in <= 65536, |bias| <= 2^30: in * 128 * 127 < 2^30, so partial sums stay inside int32
/// Memory  scratch of linear_s8_scratch_bytes, 4-byte aligned, overlaps nothing; y may begin where
///         x does if linear_s8_in_place says so, no other overlaps
/// Errors  none: the compiler proves the preconditions
/// Source  TFLite int8 quantization specification, FULLY_CONNECTED; docs/quantization.md
namespace ref {
void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
namespace arm {
void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
namespace host {
void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
using TINYFORMER_ENGINE_SELECT(arm, host)::linear_s8;

}  // namespace tinyformer::engine
