// Depthwise convolutions with SMLABB and SMLATT: four channels of a pixel at a time.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/depthwise_conv2d_s8.h"

#include <string.h>

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

// A kernel of 3 x 3 with stride 1, one channel at a time: the channel lies padded and widened in a
// plane of int16, and a word of it holds two neighbours. One pair of outputs takes two words a row.
class PlaneConvolution {
 public:
  PlaneConvolution(const Conv2dShape& shape, int32_t zero_point, Word* plane)
      : shape_(shape), words_(round_up(shape.out_w, 2) / 2 + 1), plane_(plane) {
    // The border stays from channel to channel.
    int16_t* value = reinterpret_cast<int16_t*>(plane);
    for (int32_t i = 0; i < 2 * words_ * (shape.out_h + 2); ++i) {
      value[i] = static_cast<int16_t>(zero_point);
    }
  }

  /// filter [3][3]; kHalf: the output's shift is -1.
  template <bool kHalf>
  void run(const int8_t* x, int32_t channel, const int16_t* filter, int32_t bias,
           const OutputS8& output, int8_t* y) {
    load(x + channel);
    const uint32_t w01[3] = {pair(filter[0], filter[1]), pair(filter[3], filter[4]),
                             pair(filter[6], filter[7])};
    const uint32_t w12[3] = {pair(filter[1], filter[2]), pair(filter[4], filter[5]),
                             pair(filter[7], filter[8])};
    const int32_t multiplier = output.multiplier[channel];
    const int32_t channels = shape_.out_channels;
    y += channel;
    const Word* row = plane_;
    for (int32_t oy = 0; oy < shape_.out_h; ++oy, row += words_) {
      const Word* at = row;
      for (int32_t ox = 0; ox < shape_.out_w; ox += 2, ++at) {
        int32_t first = bias;
        int32_t second = bias;
        add_row(at, w01[0], w12[0], first, second);
        add_row(at + words_, w01[1], w12[1], first, second);
        add_row(at + 2 * words_, w01[2], w12[2], first, second);
        *y = store<kHalf>(output, multiplier, first);
        y += channels;
        if (ox + 1 < shape_.out_w) {
          *y = store<kHalf>(output, multiplier, second);
          y += channels;
        }
      }
    }
  }

 private:
  static uint32_t pair(int16_t low, int16_t high) {
    return pack_low(static_cast<uint32_t>(low), static_cast<uint32_t>(high));
  }

  // x0 w0 + x1 w1 + x2 w2 to the first output, x1 w0 + x2 w1 + x3 w2 to the second.
  static void add_row(const Word* at, uint32_t w01, uint32_t w12, int32_t& first, int32_t& second) {
    const uint32_t x01 = at[0];
    const uint32_t x23 = at[1];
    first = multiply_pairs(x01, w01, first);
    second = multiply_high_low(x01, w01, second);
    first = multiply_low_high(x23, w12, first);
    second = multiply_pairs(x23, w12, second);
  }

  template <bool kHalf>
  static int8_t store(const OutputS8& output, int32_t multiplier, int32_t acc) {
    const int32_t scaled =
        kHalf ? requantize_half(acc, multiplier) : requantize(acc, multiplier, output.shift);
    return static_cast<int8_t>(clamp(output.zero_point + scaled, output.min, output.max));
  }

  void load(const int8_t* x) {
    // Padding may reach further than the image on the far side, or the image further than needed.
    const int32_t rows = limit(shape_.out_h + 2 - shape_.pad_top, shape_.in_h);
    const int32_t columns = limit(shape_.out_w + 2 - shape_.pad_left, shape_.in_w);
    for (int32_t iy = 0; iy < rows; ++iy) {
      const int8_t* pixel = x + iy * shape_.in_w * shape_.in_channels;
      int16_t* to =
          reinterpret_cast<int16_t*>(plane_ + (iy + shape_.pad_top) * words_) + shape_.pad_left;
      for (int32_t ix = 0; ix < columns; ++ix, pixel += shape_.in_channels) *to++ = *pixel;
    }
  }

  static int32_t limit(int32_t value, int32_t most) { return value < most ? value : most; }

  const Conv2dShape& shape_;
  int32_t words_;  // of a row
  Word* plane_;
};

// fill(first, count, filters) widens the filters of channels [first, first + count); it is asked
// for all channels in ascending order.
template <typename Layer, typename Fill>
void convolve(const Layer& layer, const int8_t* x, int8_t* y, void* scratch, Fill fill) {
  const Conv2dShape& s = layer.shape;
  int16_t* filters = static_cast<int16_t*>(scratch);
  int32_t c = 0;
  if (depthwise_plane_bytes(s) > 0) {
    Word* plane = static_cast<Word*>(scratch) + 2 * s.kernel_h * s.kernel_w;
    PlaneConvolution convolution(s, layer.x_zero_point, plane);
    for (; c < s.out_channels; ++c) {
      fill(c, 1, filters);
      int16_t filter[9];
      for (int32_t tap = 0; tap < 9; ++tap) filter[tap] = filters[place(tap, 0)];
      if (layer.output.shift == -1) {
        convolution.run<true>(x, c, filter, layer.bias[c], layer.output, y);
      } else {
        convolution.run<false>(x, c, filter, layer.bias[c], layer.output, y);
      }
    }
    return;
  }
  for (; c + kChannels <= s.out_channels; c += kChannels) {
    fill(c, kChannels, filters);
    convolve_four(layer, c, x, static_cast<const Word*>(scratch), y);
  }
  for (; c < s.out_channels; ++c) {
    fill(c, 1, filters);
    convolve_one(layer, c, x, filters, y);
  }
}

template <typename Reader>
void convolve_sparse(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                     void* scratch) {
  const int32_t filter_blocks = layer.shape.kernel_h * layer.shape.kernel_w / Reader::kBlockSize;
  Reader reader(layer.weights);
  convolve(layer, x, y, scratch, [&](int32_t first, int32_t count, int16_t* filters) {
    memset(filters, 0, static_cast<size_t>(8 * layer.shape.kernel_h * layer.shape.kernel_w));
    for (int32_t c = 0; c < count; ++c) {
      const int32_t start = (first + c) * filter_blocks;
      for (; reader.block() < start + filter_blocks; reader.next()) {
        const int32_t tap = (reader.block() - start) * Reader::kBlockSize;
        for (int j = 0; j < Reader::kBlockSize; ++j) {
          filters[place(tap + j, c)] = reader.values()[j];
        }
      }
    }
  });
}

}  // namespace

void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y,
                         void* scratch) {
  const int32_t taps = layer.shape.kernel_h * layer.shape.kernel_w;
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
