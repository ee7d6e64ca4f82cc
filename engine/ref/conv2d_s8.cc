// Dense convolution: the plain meaning.
#include "tinyformer/engine/conv2d_s8.h"

#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::ref {
namespace {

int32_t accumulate(const Conv2dS8& layer, const int8_t* x, int32_t oy, int32_t ox, int32_t o) {
  const Conv2dShape& s = layer.shape;
  const int32_t channels = s.in_channels / s.groups;
  const int32_t first = o / (s.out_channels / s.groups) * channels;
  const int8_t* weight = layer.weights + o * conv2d_taps(s);
  int32_t acc = layer.bias[o];
  for (int32_t ky = 0; ky < s.kernel_h; ++ky) {
    for (int32_t kx = 0; kx < s.kernel_w; ++kx) {
      const int8_t* pixel =
          conv2d_pixel(s, x, conv2d_input_row(s, oy, ky), conv2d_input_column(s, ox, kx));
      for (int32_t i = 0; i < channels; ++i) {
        acc += (pixel ? pixel[first + i] : layer.x_zero_point) * *weight++;
      }
    }
  }
  return acc;
}

}  // namespace

void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void*) {
  for (int32_t oy = 0; oy < layer.shape.out_h; ++oy) {
    for (int32_t ox = 0; ox < layer.shape.out_w; ++ox) {
      for (int32_t o = 0; o < layer.shape.out_channels; ++o) {
        *y++ = output_s8(layer.output, o, accumulate(layer, x, oy, ox, o));
      }
    }
  }
}

}  // namespace tinyformer::engine::ref
