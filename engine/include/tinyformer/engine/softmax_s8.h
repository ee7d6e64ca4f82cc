// Int8 softmax over the last axis by a constant table.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/row_scale.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// Softmax over rows of int8 logits.
struct SoftmaxS8 {
  int32_t rows;
  int32_t columns;
  const int16_t* exp_table;  // [256], as in AttentionS8 with tokens = columns and s_score = s_x
  int32_t multiplier;        // Q0.31 with shift: 1 / s_y
  int32_t shift;             // [-8, 10]
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// e[i] = exp_table[max_i(x[r]) - x[r][i]],  sum = sum_i e[i]
/// y[r][i] = clamp(y_zero_point + requantize(e[i], row_scale(sum, multiplier, shift)), min, max)
///
/// Shapes  x, y [rows][columns]
/// Bounds  columns <= 8192: e_max >= 1028 keeps the row shift inside [-31, 30]
/// Memory  no scratch; y may be x
/// Errors  none: the compiler proves the preconditions
/// Source  TinyFormer III-D3; docs/quantization.md, "Softmax rows"
namespace ref {
void softmax_s8(const SoftmaxS8& layer, const int8_t* x, int8_t* y);
}
namespace arm {
void softmax_s8(const SoftmaxS8& layer, const int8_t* x, int8_t* y);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::softmax_s8;

}  // namespace tinyformer::engine
