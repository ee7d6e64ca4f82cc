// Int8 sequence pooling (SeqPool): the tokens' average, weighted by a softmax of one logit a token.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/row_scale.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// softmax(logits) x over the tokens, with the table and the division of attention_s8.
struct AttentionPoolS8 {
  int32_t tokens;
  int32_t channels;
  int32_t x_zero_point;
  const int16_t* exp_table;  // [256], as in AttentionS8 with s_score = the logits' scale
  int32_t multiplier;        // Q0.31 with shift: s_x / s_y
  int32_t shift;             // [-8, 6]
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// Scratch for attention_pool_s8: the exponentials.
constexpr int32_t attention_pool_s8_scratch_bytes(const AttentionPoolS8& layer) {
  return round_up(2 * layer.tokens, 4);
}

/// e[t] = exp_table[max_t(logits) - logits[t]],  sum = sum_t e[t]
/// acc[c] = sum_t e[t] * (x[t][c] - x_zero_point)
/// y[c] = clamp(y_zero_point + requantize(acc[c], row_scale(sum, multiplier, shift)), min, max)
///
/// Shapes  logits [tokens]   x [tokens][channels]   y [channels]
/// Bounds  tokens <= 32768: tokens * e_max * 255 < 2^31
/// Memory  scratch of attention_pool_s8_scratch_bytes, 4-byte aligned; no overlaps
/// Errors  none: the compiler proves the preconditions
/// Source  Compact Convolutional Transformers (arXiv 2104.05704), SeqPool; docs/quantization.md
namespace ref {
void attention_pool_s8(const AttentionPoolS8& layer, const int8_t* logits, const int8_t* x,
                       int8_t* y, void* scratch);
}
namespace arm {
void attention_pool_s8(const AttentionPoolS8& layer, const int8_t* logits, const int8_t* x,
                       int8_t* y, void* scratch);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::attention_pool_s8;

}  // namespace tinyformer::engine
