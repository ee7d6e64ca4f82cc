// Maximum and average pooling.
#include "tinyformer/engine/pool2d_s8.h"

namespace tinyformer::engine::ref {

void max_pool2d_s8(const Pool2dShape& shape, const int8_t* x, int8_t* y) {
  for (int32_t oy = 0; oy < shape.out_h; ++oy) {
    for (int32_t ox = 0; ox < shape.out_w; ++ox) {
      const PoolWindow window = pool_window(shape, oy, ox);
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
      const PoolWindow window = pool_window(s, oy, ox);
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
