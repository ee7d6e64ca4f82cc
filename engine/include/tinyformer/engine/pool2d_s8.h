// Int8 maximum and average pooling, channels last.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// Shapes of a pooling, channels last, batch 1. Every window covers a pixel of the image.
struct Pool2dShape {
  int32_t in_h;
  int32_t in_w;
  int32_t channels;
  int32_t out_h;
  int32_t out_w;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t pad_top;
  int32_t pad_left;
};

/// The part of an output pixel's window that lies inside the image: [top, bottom) x [left, right).
struct PoolWindow {
  int32_t top;
  int32_t bottom;
  int32_t left;
  int32_t right;
};

constexpr PoolWindow pool_window(const Pool2dShape& s, int32_t oy, int32_t ox) {
  const int32_t top = oy * s.stride_h - s.pad_top;
  const int32_t left = ox * s.stride_w - s.pad_left;
  return {clamp(top, 0, s.in_h), clamp(top + s.kernel_h, 0, s.in_h), clamp(left, 0, s.in_w),
          clamp(left + s.kernel_w, 0, s.in_w)};
}

/// y[oy][ox][c] = max of x[..][..][c] over the window's pixels inside the image; scale and zero
/// point are kept.
///
/// Shapes  x [in_h][in_w][channels]   y [out_h][out_w][channels]
/// Memory  no scratch; y overlaps nothing
/// Errors  none: the compiler proves the preconditions
/// Source  ONNX MaxPool, opset 12
namespace ref {
void max_pool2d_s8(const Pool2dShape& shape, const int8_t* x, int8_t* y);
}
namespace arm {
void max_pool2d_s8(const Pool2dShape& shape, const int8_t* x, int8_t* y);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::max_pool2d_s8;

/// y = clamp(y_zero_point + requantize(sum of (x - x_zero_point), m, shift), min, max), the sum
/// over the window's pixels inside the image.
///
/// Real multiplier s_x / (s_y * n). n = kernel_h * kernel_w with m the member `multiplier`, unless
/// border_multiplier is given: then n = pixels inside and m = border_multiplier[n - 1] (ONNX
/// count_include_pad = 0 with padding).
struct AveragePool2dS8 {
  Pool2dShape shape;
  int32_t x_zero_point;
  int32_t multiplier;                // Q0.31
  const int32_t* border_multiplier;  // nullptr or [kernel_h * kernel_w], Q0.31
  int32_t shift;
  int32_t y_zero_point;
  int32_t min;
  int32_t max;
};

/// The formula of AveragePool2dS8. A global average pool has the image's size as its kernel.
///
/// Shapes  x [in_h][in_w][channels]   y [out_h][out_w][channels]
/// Bounds  kernel_h * kernel_w <= 2^23: 255 * 2^23 < 2^31
/// Memory  no scratch; y overlaps nothing
/// Errors  none: the compiler proves the preconditions
/// Source  ONNX AveragePool, GlobalAveragePool; docs/quantization.md, "Average pool"
namespace ref {
void average_pool2d_s8(const AveragePool2dS8& layer, const int8_t* x, int8_t* y);
}
namespace arm {
void average_pool2d_s8(const AveragePool2dS8& layer, const int8_t* x, int8_t* y);
}
using TINYFORMER_ENGINE_SELECT(arm, ref)::average_pool2d_s8;

}  // namespace tinyformer::engine
