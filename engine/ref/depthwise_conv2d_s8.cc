// Depthwise convolutions, dense and block-sparse: the plain meaning.
#include "tinyformer/engine/depthwise_conv2d_s8.h"

#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::ref {
namespace {

// One channel of the input: values `step` apart.
struct Channel {
  const int8_t* values;
  int32_t step;
};

// In scratch when the output is about to overwrite it.
Channel read_channel(const Conv2dShape& s, const int8_t* x, const int8_t* y, int32_t c,
                     void* scratch) {
  if (x != y) return {x + c, s.in_channels};
  int8_t* const copy = static_cast<int8_t*>(scratch);
  for (int32_t i = 0; i < s.in_h * s.in_w; ++i) copy[i] = x[i * s.in_channels + c];
  return {copy, 1};
}

// The value under a tap of the window of output (oy, ox).
int32_t tap_value(const Conv2dShape& s, Channel channel, int32_t zero_point, int32_t oy, int32_t ox,
                  int32_t tap) {
  const int32_t iy = conv2d_input_row(s, oy, tap / s.kernel_w);
  const int32_t ix = conv2d_input_column(s, ox, tap % s.kernel_w);
  const bool inside = iy >= 0 && iy < s.in_h && ix >= 0 && ix < s.in_w;
  return inside ? channel.values[(iy * s.in_w + ix) * channel.step] : zero_point;
}

template <typename Reader>
void convolve(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  const Conv2dShape& s = layer.shape;
  const int32_t filter_blocks = s.kernel_h * s.kernel_w / Reader::kBlockSize;
  Reader next(layer.weights);
  for (int32_t c = 0; c < s.out_channels; ++c) {
    const Channel channel = read_channel(s, x, y, c, scratch);
    const Reader filter = next;
    for (; next.block() < (c + 1) * filter_blocks; next.next()) {
    }
    int8_t* to = y + c;
    for (int32_t oy = 0; oy < s.out_h; ++oy) {
      for (int32_t ox = 0; ox < s.out_w; ++ox, to += s.out_channels) {
        int32_t acc = layer.bias[c];
        for (Reader r = filter; r.block() < (c + 1) * filter_blocks; r.next()) {
          const int32_t tap = (r.block() - c * filter_blocks) * Reader::kBlockSize;
          for (int j = 0; j < Reader::kBlockSize; ++j) {
            acc += tap_value(s, channel, layer.x_zero_point, oy, ox, tap + j) * r.values()[j];
          }
        }
        *to = output_s8(layer.output, c, acc);
      }
    }
  }
}

}  // namespace

void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y,
                         void* scratch) {
  const Conv2dShape& s = layer.shape;
  const int32_t taps = s.kernel_h * s.kernel_w;
  for (int32_t c = 0; c < s.out_channels; ++c) {
    const Channel channel = read_channel(s, x, y, c, scratch);
    int8_t* to = y + c;
    for (int32_t oy = 0; oy < s.out_h; ++oy) {
      for (int32_t ox = 0; ox < s.out_w; ++ox, to += s.out_channels) {
        int32_t acc = layer.bias[c];
        for (int32_t tap = 0; tap < taps; ++tap) {
          acc += tap_value(s, channel, layer.x_zero_point, oy, ox, tap) *
                 layer.weights[c * taps + tap];
        }
        *to = output_s8(layer.output, c, acc);
      }
    }
  }
}

void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch) {
  convolve<RunLengthReader<3>>(layer, x, y, scratch);
}

void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch) {
  convolve<BitmapReader<3>>(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::ref
