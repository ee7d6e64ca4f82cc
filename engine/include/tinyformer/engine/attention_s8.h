// Int8 multi-head attention that never stores the token x token scores.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/row_scale.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// softmax(scale * q k^T) v for every head. Scores are requantised to int8, exponentials come from
/// a table of the difference to the row's maximum and stay unnormalised until one division a row
/// (row_scale).
struct AttentionS8 {
  int32_t tokens;
  int32_t channels;  // d; a head has channels / heads of them
  int32_t heads;
  int32_t q_zero_point;
  int32_t k_zero_point;
  int32_t v_zero_point;
  int32_t score_multiplier;  // Q0.31 with score_shift: s_q * s_k * scale / s_score
  int32_t score_shift;
  int32_t score_zero_point;
  const int16_t* exp_table;  // [256], docs/quantization.md, "Exponential table"
  int32_t multiplier;        // Q0.31 with shift: s_v / s_y
  int32_t shift;             // [-8, 6]
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// Scratch for a batch of query rows widened to int16 and, once they are used, for its sums.
constexpr int32_t attention_s8_batch_bytes(int32_t head_channels) {
  const int32_t queries = kTokenBatch * 2 * round_up(head_channels, 4);
  const int32_t sums = kTokenBatch * 4 * head_channels;
  return queries > sums ? queries : sums;
}

/// Scratch for attention_s8: a batch, its exponentials, one head's keys and transposed values.
constexpr int32_t attention_s8_scratch_bytes(const AttentionS8& layer) {
  const int32_t tokens = round_up(layer.tokens, 4);
  const int32_t head_channels = layer.channels / layer.heads;
  return kTokenBatch * 2 * tokens + attention_s8_batch_bytes(head_channels) +
         tokens * (round_up(head_channels, 4) + head_channels);
}

/// For head h, row t, dh = channels / heads, columns c = h*dh .. h*dh + dh - 1:
///   dot[u]   = sum_c (q[t][c] - q_zero_point) * (k[u][c] - k_zero_point)
///   score[u] = clamp(score_zero_point + requantize(dot[u], score_multiplier, score_shift))
///   e[u]     = exp_table[max_u(score) - score[u]],  sum = sum_u e[u]
///   acc[c]   = sum_u e[u] * (v[u][c] - v_zero_point)
///   y[t][c]  = clamp(y_zero_point + requantize(acc[c], row_scale(sum, multiplier, shift)))
/// scores limited to [-128, 127], outputs to [min, max].
///
/// Shapes  q, k, v, y [tokens][channels]
/// Bounds  dh <= 32768: dh * 255 * 255 < 2^31; tokens <= 32768: tokens * e_max * 255 < 2^31
/// Memory  scratch of attention_s8_scratch_bytes, 4-byte aligned; y may be q, nothing else overlaps
/// Errors  none: the compiler proves the preconditions
/// Source  TinyFormer III-D3 (table softmax); docs/quantization.md, "Attention"
namespace ref {
void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch);
}
namespace arm {
void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch);
}
namespace host {
void attention_s8(const AttentionS8& layer, const int8_t* q, const int8_t* k, const int8_t* v,
                  int8_t* y, void* scratch);
}
using TINYFORMER_ENGINE_SELECT(arm, host)::attention_s8;

}  // namespace tinyformer::engine
