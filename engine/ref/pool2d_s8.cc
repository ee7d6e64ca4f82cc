// Maximum and average pooling.
#include "tinyformer/engine/pool2d_s8.h"

namespace tinyformer::engine::ref {
namespace {

// The part of an output pixel's window that lies inside the image: [top, bottom) x [left, right).
struct Window {
  int32_t top;
  int32_t bottom;
  int32_t left;
  int32_t right;
};

Window window_inside(const Pool2dShape& s, int32_t oy, int32_t ox) {
  const int32_t top = oy * s.stride_h - s.pad_top;
  const int32_t left = ox * s.stride_w - s.pad_left;
  return {clamp(top, 0, s.in_h), clamp(top + s.kernel_h, 0, s.in_h), clamp(left, 0, s.in_w),
          clamp(left + s.kernel_w, 0, s.in_w)};
}

}  // namespace

void max_pool2d_s8(const Pool2dShape& shape, const int8_t* x, int8_t* y) {
  for (int32_t oy = 0; oy < shape.out_h; ++oy) {
    for (int32_t ox = 0; ox < shape.out_w; ++ox) {
      const Window window = window_inside(shape, oy, ox);
      for (int32_t c = 0; c < shape.channels; ++c) {
        int32_t largest = -128;
        for (int32_t iy = window.top; iy < window.bottom; ++iy) {
          const int8_t* pixel = x + (iy * shape.in_w + window.left) * shape.channels + c;
          for (int32_t ix = window.left; ix < window.right; ++ix, pixel += shape.channels) {
            largest = *pixel > largest ? *pixel : largest;
          }
        }
        *y++ = static_cast<int8_t>(largest);
      }
    }
  }
}

void average_pool2d_s8(const AveragePool2dS8& layer, const int8_t* x, int8_t* y) {
  const Pool2dShape& s = layer.shape;
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      const Window window = window_inside(s, oy, ox);
      const int32_t inside = (window.bottom - window.top) * (window.right - window.left);
      const int32_t multiplier =
          layer.border_multiplier ? layer.border_multiplier[inside - 1] : layer.multiplier;
      for (int32_t c = 0; c < s.channels; ++c) {
        int32_t sum = -inside * layer.x_zero_point;
        for (int32_t iy = window.top; iy < window.bottom; ++iy) {
          const int8_t* pixel = x + (iy * s.in_w + window.left) * s.channels + c;
          for (int32_t ix = window.left; ix < window.right; ++ix, pixel += s.channels)
            sum += *pixel;
        }
        *y++ = static_cast<int8_t>(clamp(
            layer.y_zero_point + requantize(sum, multiplier, layer.shift), layer.min, layer.max));
      }
    }
  }
}

}  // namespace tinyformer::engine::ref
