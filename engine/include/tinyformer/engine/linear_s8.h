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

/// y[t][o] = output_s8(o, bias[o] + sum_i x[t][i] * w[o][i])
///
/// Shapes  x [tokens][in]   w [out][in]   bias, multiplier [out]   y [tokens][out]
/// Bounds  in <= 65536, |bias| <= 2^30: in * 128 * 127 < 2^30, so partial sums stay inside int32
/// Memory  scratch of linear_s8_scratch_bytes, 4-byte aligned; y and scratch overlap nothing
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
