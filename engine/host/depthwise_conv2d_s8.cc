// Depthwise convolutions on a host: many channels of one pixel at a time.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/depthwise_conv2d_s8.h"

#include <string.h>

#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::host {
namespace {

constexpr int32_t kChannels = 32;  // computed together
constexpr int32_t kTaps = 128;     // largest kernel that the stack buffer holds
// Largest image that may be overwritten: depthwise_conv2d_s8_in_place.
constexpr int32_t kPixels = 4 * (kDepthwisePlaneWords * kDepthwisePlaneRows + 1);

// Filters of up to kChannels channels with the channel innermost.
struct Filters {
  int16_t values[kTaps][kChannels];
};

// One pixel of `count` channels; x is the first one's.
void convolve_pixel(const Conv2dShape& s, int32_t zero_point, const Filters& filters,
                    const int8_t* x, int32_t oy, int32_t ox, int32_t count, int32_t* acc) {
  for (int32_t tap = 0; tap < s.kernel_h * s.kernel_w; ++tap) {
    const int8_t* pixel = conv2d_pixel(s, x, conv2d_input_row(s, oy, tap / s.kernel_w),
                                       conv2d_input_column(s, ox, tap % s.kernel_w));
    const int16_t* filter = filters.values[tap];
    if (pixel == nullptr) {
      for (int32_t c = 0; c < count; ++c) acc[c] += zero_point * filter[c];
    } else if (count == kChannels) {
      for (int32_t c = 0; c < kChannels; ++c) acc[c] += pixel[c] * filter[c];
    } else {
      for (int32_t c = 0; c < count; ++c) acc[c] += pixel[c] * filter[c];
    }
  }
}

// Channels [first, first + count) of the whole image; x is the first one's, in s.in_channels.
template <typename Layer>
void convolve_channels(const Layer& layer, const Conv2dShape& s, const Filters& filters,
                       const int8_t* x, int32_t first, int32_t count, int8_t* y) {
  for (int32_t oy = 0; oy < s.out_h; ++oy) {
    for (int32_t ox = 0; ox < s.out_w; ++ox) {
      int32_t acc[kChannels];
      for (int32_t c = 0; c < count; ++c) acc[c] = layer.bias[first + c];
      convolve_pixel(s, layer.x_zero_point, filters, x, oy, ox, count, acc);
      int8_t* to = y + (oy * s.out_w + ox) * s.out_channels + first;
      for (int32_t c = 0; c < count; ++c) to[c] = output_s8(layer.output, first + c, acc[c]);
    }
  }
}

// convolve_channels from a copy of them, for an output that overwrites the input.
template <typename Layer>
void overwrite_channels(const Layer& layer, const Filters& filters, int32_t first, int32_t count,
                        int8_t* y) {
  int8_t copy[kPixels * kChannels];
  Conv2dShape s = layer.shape;
  for (int32_t i = 0; i < s.in_h * s.in_w; ++i) {
    memcpy(copy + i * count, y + i * s.in_channels + first, static_cast<size_t>(count));
  }
  s.in_channels = count;
  convolve_channels(layer, s, filters, copy, first, count, y);
}

// fill(first, count, filters) writes the filters of channels [first, first + count), asked for in
// ascending order. False: the kernel is too large and nothing was written.
template <typename Layer, typename Fill>
bool convolve(const Layer& layer, const int8_t* x, int8_t* y, Fill fill) {
  const Conv2dShape& s = layer.shape;
  if (s.kernel_h * s.kernel_w > kTaps) return false;
  Filters filters;
  for (int32_t first = 0; first < s.out_channels; first += kChannels) {
    const int32_t count = s.out_channels - first < kChannels ? s.out_channels - first : kChannels;
    fill(first, count, filters);
    if (x == y) {
      overwrite_channels(layer, filters, first, count, y);
    } else {
      convolve_channels(layer, s, filters, x + first, first, count, y);
    }
  }
  return true;
}

template <typename Reader>
bool convolve_sparse(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y) {
  const int32_t taps = layer.shape.kernel_h * layer.shape.kernel_w;
  const int32_t filter_blocks = taps / Reader::kBlockSize;
  Reader reader(layer.weights);
  return convolve(layer, x, y, [&](int32_t first, int32_t count, Filters& filters) {
    for (int32_t tap = 0; tap < taps; ++tap) {
      for (int32_t c = 0; c < count; ++c) filters.values[tap][c] = 0;
    }
    for (; reader.block() < (first + count) * filter_blocks; reader.next()) {
      const int32_t c = reader.block() / filter_blocks;
      const int32_t tap = (reader.block() - c * filter_blocks) * Reader::kBlockSize;
      for (int j = 0; j < Reader::kBlockSize; ++j) {
        filters.values[tap + j][c - first] = reader.values()[j];
      }
    }
  });
}

}  // namespace

void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y,
                         void* scratch) {
  const int32_t taps = layer.shape.kernel_h * layer.shape.kernel_w;
  const auto fill = [&](int32_t first, int32_t count, Filters& filters) {
    for (int32_t tap = 0; tap < taps; ++tap) {
      for (int32_t c = 0; c < count; ++c) {
        filters.values[tap][c] = layer.weights[(first + c) * taps + tap];
      }
    }
  };
  if (!convolve(layer, x, y, fill)) ref::depthwise_conv2d_s8(layer, x, y, scratch);
}

void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch) {
  if (!convolve_sparse<RunLengthReader<3>>(layer, x, y)) {
    ref::depthwise_conv2d_s8_rlc3(layer, x, y, scratch);
  }
}

void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch) {
  if (!convolve_sparse<BitmapReader<3>>(layer, x, y)) {
    ref::depthwise_conv2d_s8_bitmap3(layer, x, y, scratch);
  }
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
