// Int8 to int8 with another scale and zero point.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// A change of scale and zero point, and a clip.
struct RequantizeS8 {
  int32_t elements;
  int32_t x_zero_point;
  int32_t multiplier;  // Q0.31 with shift: s_x / s_y
  int32_t shift;       // <= 22, so that 255 * 2^shift fits int32
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// y = clamp(y_zero_point + requantize(x - x_zero_point, multiplier, shift), min, max)
///
/// Shapes  x, y [elements]
/// Memory  no scratch; y may be x
/// Errors  none: the compiler proves the preconditions
/// Source  docs/quantization.md, "Requantize"
namespace ref {
void requantize_s8(const RequantizeS8& layer, const int8_t* x, int8_t* y);
}
using ref::requantize_s8;

}  // namespace tinyformer::engine
