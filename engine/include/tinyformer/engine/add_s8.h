// Int8 elementwise addition of two tensors with their own scales.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// acc = (a - a_zero_point) * a_multiplier + (b - b_zero_point) * b_multiplier
/// y = clamp(y_zero_point + ((acc + 2^(shift-1)) >> shift), min, max)
///
/// a_multiplier = round(s_a / s_y * 2^shift), likewise b; shift is the largest in [1, 22] that
/// keeps the bound of add_s8.
struct AddS8 {
  int32_t elements;
  int32_t a_zero_point;
  int32_t a_multiplier;  // >= 0
  int32_t b_zero_point;
  int32_t b_multiplier;  // >= 0
  int32_t shift;         // [1, 22]
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// The formula of AddS8 for every element.
///
/// Shapes  a, b, y [elements]
/// Bounds  255 * (a_multiplier + b_multiplier) + 2^(shift-1) < 2^30, so acc stays inside int32
/// Memory  no scratch; y may be a or b
/// Errors  none: the compiler proves the preconditions
/// Source  docs/quantization.md, "Add"
namespace ref {
void add_s8(const AddS8& layer, const int8_t* a, const int8_t* b, int8_t* y);
}
namespace arm {
void add_s8(const AddS8& layer, const int8_t* a, const int8_t* b, int8_t* y);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::add_s8;

}  // namespace tinyformer::engine
