// Rows of a Scaled-LayerNorm: what layernorm_rows.S needs to know, and when it applies.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/layernorm_s8.h"

namespace tinyformer::engine::arm {

/// What the rows of a layer have in common. layernorm_rows.S knows the offsets; the order is that
/// in which it fills registers.
struct LayernormJob {
  const int8_t* x;  // the row; moves on
  int8_t* y;        // likewise
  const int16_t* gamma;
  const int32_t* beta;
  int32_t multiplier;
  int32_t start;            // zero point and rounding: y_zero_point * 2^16 + 2^15
  uint32_t sum = 0;         // what a row's sums start from
  uint32_t squares = 0;     // likewise
  uint32_t ones = 0x10001;  // 1 in both halves
  int32_t quads;            // channels / 4, at least 2
  int32_t channels;
  uint32_t epsilon;
  int32_t largest_shift;  // 30 - norm_bits
  int32_t tail;           // channels % 4
  const int8_t* end;      // of x
};
static_assert(sizeof(void*) != 4 || sizeof(LayernormJob) == 60,
              "layernorm_rows.S counts on these offsets");

extern "C" {
/// layernorm_s8 for the rows from x to end (at least one).
void tinyformer_layernorm_rows(LayernormJob* job);
}

/// Whether layernorm_rows.S has this layer: the usual output stage, a whole number of quads to go
/// through, and a variance V below 2^32. (V <= (127.5 channels)^2 + epsilon.)
constexpr bool layernorm_rows_apply(const LayernormS8& layer) {
  return layer.shift == -17 && layer.min == -128 && layer.max == 127 && layer.channels >= 8 &&
         layer.channels <= 512 && layer.epsilon <= UINT32_MAX &&
         16257ull * static_cast<uint32_t>(layer.channels * layer.channels) + layer.epsilon <=
             UINT32_MAX;
}

}  // namespace tinyformer::engine::arm
