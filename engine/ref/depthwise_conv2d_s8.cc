// Depthwise convolutions, dense and block-sparse: the plain meaning.
#include "tinyformer/engine/depthwise_conv2d_s8.h"

#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::ref {
namespace {

// Channel c of the input under tap (ky, kx) of the window of output (oy, ox).
int32_t tap_value(const Conv2dShape& s, const int8_t* x, int32_t zero_point, int32_t oy, int32_t ox,
                  int32_t tap, int32_t c) {
  const int8_t* pixel = conv2d_pixel(s, x, conv2d_input_row(s, oy, tap / s.kernel_w),
                                     conv2d_input_column(s, ox, tap % s.kernel_w));
  return pixel ? pixel[c] : zero_point;
}

template <typename Reader>
void convolve(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y) {
  const Conv2dShape& s = layer.shape;
  const int32_t filter_blocks = s.kernel_h * s.kernel_w / Reader::kBlockSize;
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      Reader reader(layer.weights);
      for (int32_t c = 0; c < s.out_channels; ++c) {
        int32_t acc = layer.bias[c];
        for (; reader.block() < (c + 1) * filter_blocks; reader.next()) {
          const int32_t tap = (reader.block() - c * filter_blocks) * Reader::kBlockSize;
          for (int j = 0; j < Reader::kBlockSize; ++j) {
            acc += tap_value(s, x, layer.x_zero_point, oy, ox, tap + j, c) * reader.values()[j];
          }
        }
        *y++ = output_s8(layer.output, c, acc);
      }
    }
  }
}

}  // namespace

void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y, void*) {
  const Conv2dShape& s = layer.shape;
  const int32_t taps = s.kernel_h * s.kernel_w;
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      for (int32_t c = 0; c < s.out_channels; ++c) {
        int32_t acc = layer.bias[c];
        for (int32_t tap = 0; tap < taps; ++tap) {
          acc +=
              tap_value(s, x, layer.x_zero_point, oy, ox, tap, c) * layer.weights[c * taps + tap];
        }
        *y++ = output_s8(layer.output, c, acc);
      }
    }
  }
}

void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void*) {
  convolve<RunLengthReader<3>>(layer, x, y);
}

void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void*) {
  convolve<BitmapReader<3>>(layer, x, y);
}

}  // namespace tinyformer::engine::ref
