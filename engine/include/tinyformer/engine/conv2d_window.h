// Where a convolution's window lies in its input.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/conv2d_s8.h"

namespace tinyformer::engine {

/// Input row that kernel row `ky` of output row `oy` reads; outside [0, in_h) it is padding.
constexpr int32_t conv2d_input_row(const Conv2dShape& shape, int32_t oy, int32_t ky) {
  return oy * shape.stride_h - shape.pad_top + ky * shape.dilation_h;
}

/// Input column that kernel column `kx` of output column `ox` reads; outside [0, in_w) it is
/// padding.
constexpr int32_t conv2d_input_column(const Conv2dShape& shape, int32_t ox, int32_t kx) {
  return ox * shape.stride_w - shape.pad_left + kx * shape.dilation_w;
}

/// The channels of input pixel (iy, ix), or nullptr where that is padding.
///
/// Shapes  x [in_h][in_w][in_channels]
constexpr const int8_t* conv2d_pixel(const Conv2dShape& shape, const int8_t* x, int32_t iy,
                                     int32_t ix) {
  const bool inside = iy >= 0 && iy < shape.in_h && ix >= 0 && ix < shape.in_w;
  return inside ? x + (iy * shape.in_w + ix) * shape.in_channels : nullptr;
}

}  // namespace tinyformer::engine
