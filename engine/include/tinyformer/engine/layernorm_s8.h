// Scaled-LayerNorm on int8 rows, integers only.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// Layer normalisation over the last axis. Normalised values are int16 with `norm_bits` = k
/// fractional bits: 0 (naive), 7 (the paper's) or the largest that cannot overflow,
/// 2^k * sqrt(channels - 1) < 32766 (12 for 44 channels, 11 for 192).
struct LayernormS8 {
  int32_t rows;
  int32_t channels;
  uint64_t epsilon;      // max(1, round(eps * channels^2 / s_x^2)), below 2^62
  int32_t norm_bits;     // k in [0, 14]
  const int16_t* gamma;  // [channels]: round(gamma / s_gamma)
  const int32_t* beta;   // [channels]: round(beta * 2^k / s_gamma), |beta| <= 2^30
  int32_t multiplier;    // Q0.31 with shift: s_gamma * 2^-k / s_y
  int32_t shift;
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// 2^30 / sqrt(a / 2^32) for a in [2^30, 2^32): a straight line and three Newton steps.
///
/// Bounds  relative error below 2^-23; result in [2^30 - 2^7, 2^31); no step leaves its type
/// Source  docs/quantization.md, "Inverse square root" (with the proof)
constexpr uint32_t inverse_sqrt(uint32_t a) {
  constexpr uint32_t kOffset = 2290047081u;  // 2.1327725 * 2^30
  constexpr uint32_t kSlope = 1308598332u;   // 1.2187272 * 2^30
  uint32_t y = kOffset - static_cast<uint32_t>((static_cast<uint64_t>(kSlope) * a) >> 32);
  for (int step = 0; step < 3; ++step) {
    const uint32_t square = static_cast<uint32_t>((static_cast<uint64_t>(y) * y) >> 32);
    const uint32_t product = static_cast<uint32_t>((static_cast<uint64_t>(square) * a) >> 32);
    y = static_cast<uint32_t>((static_cast<uint64_t>(y) * ((3u << 28) - product)) >> 29);
  }
  return y;
}

/// For every row, with C = channels, sum = sum_c x[c]:
///   V    = C * sum_c x[c]^2 - sum^2 + epsilon,  sh = clz64(V) & ~1
///   r    = inverse_sqrt(floor(V * 2^sh / 2^32)),  S = 46 - norm_bits - sh / 2
///   n[c] = (((C * r * x[c]) >> S) - ((sum * r) >> S) + 2^15) >> 16
///   acc  = n[c] * gamma[c] + beta[c]
///   y[c] = clamp(y_zero_point + requantize(acc, multiplier, shift), min, max)
///
/// The input's zero point and scale cancel, apart from epsilon's. A constant row gives n = 0, so y
/// follows from beta alone.
///
/// Shapes  x, y [rows][channels]   gamma, beta [channels]
/// Bounds  channels <= 32768 and r < 2^31, so |C * r * x| <= 2^53; S in [1, 46];
///         |n| <= 32767 by the choice of norm_bits, so the difference fits int32 although its terms
///         need not, and |n * gamma + beta| < 2^31
/// Memory  no scratch; y may be x
/// Errors  none: the compiler proves the preconditions
/// Source  TinyFormer III-C3 (Scaled-LayerNorm); ONNX LayerNormalization, opset 17;
///         docs/quantization.md, "LayerNorm"
namespace ref {
void layernorm_s8(const LayernormS8& layer, const int8_t* x, int8_t* y);
}
namespace arm {
void layernorm_s8(const LayernormS8& layer, const int8_t* x, int8_t* y);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::layernorm_s8;

}  // namespace tinyformer::engine
