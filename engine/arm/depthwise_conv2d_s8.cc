// Depthwise convolutions: 3 x 3 by planes of one channel (depthwise_plane.h), others with SMLABB
// and SMLATT, four channels of a pixel at a time.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/depthwise_conv2d_s8.h"

#include <string.h>

#include "engine/arm/depthwise_plane.h"
#include "engine/arm/dsp.h"
#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::arm {
namespace {

constexpr int32_t kChannels = 4;

// Place of filter value (tap, channel 0..3) in the widened filters: for every tap the words
// (c0, c2), (c1, c3), the order in which SXTB16 widens four channels of a pixel.
int32_t place(int32_t tap, int32_t channel) {
  return tap * kChannels + (channel & 1) * 2 + (channel >> 1);
}

struct Sums {
  int32_t channel[kChannels];
};

// Four channels under one tap.
inline void add_tap(uint32_t pixel, const Word* filter, Sums& sums) {
  const uint32_t even = even_bytes(pixel);
  const uint32_t odd = odd_bytes(pixel);
  sums.channel[0] = multiply_low(even, filter[0], sums.channel[0]);
  sums.channel[1] = multiply_low(odd, filter[1], sums.channel[1]);
  sums.channel[2] = multiply_high(even, filter[0], sums.channel[2]);
  sums.channel[3] = multiply_high(odd, filter[1], sums.channel[3]);
}

// Whether the whole window of output (oy, ox) lies inside the image.
bool window_inside(const Conv2dShape& s, int32_t oy, int32_t ox) {
  return conv2d_input_row(s, oy, 0) >= 0 && conv2d_input_column(s, ox, 0) >= 0 &&
         conv2d_input_row(s, oy, s.kernel_h - 1) < s.in_h &&
         conv2d_input_column(s, ox, s.kernel_w - 1) < s.in_w;
}

inline void add_window(const Conv2dShape& s, const int8_t* x, int32_t oy, int32_t ox,
                       const Word* filter, Sums& sums) {
  const int32_t step = s.dilation_w * s.in_channels;
  for (int32_t ky = 0; ky < s.kernel_h; ++ky) {
    const int8_t* pixel =
        conv2d_pixel(s, x, conv2d_input_row(s, oy, ky), conv2d_input_column(s, ox, 0));
    for (int32_t kx = 0; kx < s.kernel_w; ++kx, pixel += step, filter += 2) {
      add_tap(load_word(pixel), filter, sums);
    }
  }
}

inline void add_border_window(const Conv2dShape& s, int32_t zero_point, const int8_t* x, int32_t oy,
                              int32_t ox, int32_t first, const Word* filter, Sums& sums) {
  const uint32_t padding = static_cast<uint8_t>(zero_point) * 0x01010101u;
  for (int32_t ky = 0; ky < s.kernel_h; ++ky) {
    for (int32_t kx = 0; kx < s.kernel_w; ++kx, filter += 2) {
      const int8_t* pixel =
          conv2d_pixel(s, x, conv2d_input_row(s, oy, ky), conv2d_input_column(s, ox, kx));
      add_tap(pixel != nullptr ? load_word(pixel + first) : padding, filter, sums);
    }
  }
}

// Channels [first, first + 4) of the whole image.
template <typename Layer>
void convolve_four(const Layer& layer, int32_t first, const int8_t* x, const Word* filter,
                   int8_t* y) {
  const Conv2dShape& s = layer.shape;
  const OutputS8 output = layer.output;
  const int32_t* bias = layer.bias + first;
  const int32_t* multiplier = output.multiplier + first;
  y += first;
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox, y += s.out_channels) {
      Sums sums = {{bias[0], bias[1], bias[2], bias[3]}};
      if (window_inside(s, oy, ox)) {
        add_window(s, x + first, oy, ox, filter, sums);
      } else {
        add_border_window(s, layer.x_zero_point, x, oy, ox, first, filter, sums);
      }
      for (int c = 0; c < kChannels; ++c) y[c] = store_s8(output, multiplier[c], sums.channel[c]);
    }
  }
}

// One channel of the whole image, for those left over after the fours.
template <typename Layer>
void convolve_one(const Layer& layer, int32_t channel, const int8_t* x, const int16_t* filter,
                  int8_t* y) {
  const Conv2dShape& s = layer.shape;
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      int32_t acc = layer.bias[channel];
      for (int32_t tap = 0; tap < s.kernel_h * s.kernel_w; ++tap) {
        const int8_t* pixel = conv2d_pixel(s, x, conv2d_input_row(s, oy, tap / s.kernel_w),
                                           conv2d_input_column(s, ox, tap % s.kernel_w));
        const int32_t value = pixel != nullptr ? pixel[channel] : layer.x_zero_point;
        acc += value * filter[place(tap, 0)];
      }
      y[(oy * s.out_w + ox) * s.out_channels + channel] =
          store_s8(layer.output, layer.output.multiplier[channel], acc);
    }
  }
}

// filters(first, count, to) writes the filters of channels [first, first + count), tap by tap at
// to[place(tap, channel)]; it is asked for all channels in ascending order.
template <typename Layer, typename Filters>
void convolve(const Layer& layer, const int8_t* x, int8_t* y, void* scratch, Filters filters) {
  const Conv2dShape& s = layer.shape;
  int16_t* widened = static_cast<int16_t*>(scratch);
  int32_t c = 0;
  for (; c + kChannels <= s.out_channels; c += kChannels) {
    filters(c, kChannels, widened);
    convolve_four(layer, c, x, static_cast<const Word*>(scratch), y);
  }
  for (; c < s.out_channels; ++c) {
    filters(c, 1, widened);
    convolve_one(layer, c, x, widened, y);
  }
}

template <typename Reader>
void convolve_sparse(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                     void* scratch) {
  const Conv2dShape& s = layer.shape;
  const int32_t filter_blocks = s.kernel_h * s.kernel_w / Reader::kBlockSize;
  Reader reader(layer.weights);
  // Calls to(tap, value) for the stored taps of a channel.
  const auto read = [&](int32_t channel, auto to) {
    const int32_t start = channel * filter_blocks;
    for (; reader.block() < start + filter_blocks; reader.next()) {
      const int32_t tap = (reader.block() - start) * Reader::kBlockSize;
      for (int j = 0; j < Reader::kBlockSize; ++j) to(tap + j, reader.values()[j]);
    }
  };
  if (depthwise_plane_bytes(s) > 0) {
    DepthwisePlane plane(s, layer.x_zero_point, layer.output, static_cast<Word*>(scratch));
    for (int32_t c = 0; c < s.out_channels; ++c) {
      int8_t filter[9] = {};
      read(c, [&](int32_t tap, int8_t value) { filter[tap] = value; });
      plane.run(x, c, filter, layer.bias[c], y);
    }
    return;
  }
  convolve(layer, x, y, scratch, [&](int32_t first, int32_t count, int16_t* filters) {
    memset(filters, 0, static_cast<size_t>(8 * s.kernel_h * s.kernel_w));
    for (int32_t c = 0; c < count; ++c) {
      read(first + c, [&](int32_t tap, int8_t value) { filters[place(tap, c)] = value; });
    }
  });
}

}  // namespace

void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y,
                         void* scratch) {
  const Conv2dShape& s = layer.shape;
  const int32_t taps = s.kernel_h * s.kernel_w;
  if (depthwise_plane_bytes(s) > 0) {
    DepthwisePlane plane(s, layer.x_zero_point, layer.output, static_cast<Word*>(scratch));
    for (int32_t c = 0; c < s.out_channels; ++c) {
      plane.run(x, c, layer.weights + c * taps, layer.bias[c], y);
    }
    return;
  }
  convolve(layer, x, y, scratch, [&](int32_t first, int32_t count, int16_t* filters) {
    for (int32_t c = 0; c < count; ++c) {
      const int8_t* filter = layer.weights + (first + c) * taps;
      for (int32_t tap = 0; tap < taps; ++tap) filters[place(tap, c)] = filter[tap];
    }
  });
}

void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch) {
  convolve_sparse<RunLengthReader<3>>(layer, x, y, scratch);
}

void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch) {
  convolve_sparse<BitmapReader<3>>(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
