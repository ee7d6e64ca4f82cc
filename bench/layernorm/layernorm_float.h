// LayerNorm in single precision between int8 tensors, to compare the engine's integers with.
#pragma once

#include <stdint.h>

namespace tinyformer::bench {

/// Scales folded as far as floats allow: y = clamp(floor(norm * gamma + beta + 1/2), -128, 127).
struct FloatLayernorm {
  int32_t rows;
  int32_t channels;
  float epsilon;       // eps / s_x^2
  const float* gamma;  // [channels]: gamma / s_y
  const float* beta;   // [channels]: beta / s_y + y_zero_point
};

/// Shapes  x, y [rows][channels]
void layernorm_float(const FloatLayernorm& layer, const int8_t* x, int8_t* y);

}  // namespace tinyformer::bench
