// Block-sparse convolutions: the plain meaning, one pixel at a time.
#include "tinyformer/engine/conv2d_s8_sparse.h"

#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/conv2d_window.h"

namespace tinyformer::engine::ref {
namespace {

// One output pixel: every stored block multiplies kBlockSize channels of one tap of the window.
template <typename Reader>
void convolve_pixel(const Conv2dS8Sparse& layer, const int8_t* x, int32_t oy, int32_t ox,
                    int8_t* y) {
  const Conv2dShape& s = layer.shape;
  const int32_t channels = s.in_channels / s.groups;
  const int32_t row_blocks = conv2d_taps(s) / Reader::kBlockSize;
  Reader reader(layer.weights);
  for (int32_t o = 0; o < s.out_channels; ++o) {
    const int32_t first = o / (s.out_channels / s.groups) * channels;
    int32_t acc = layer.bias[o];
    for (; reader.block() < (o + 1) * row_blocks; reader.next()) {
      const int32_t k = (reader.block() - o * row_blocks) * Reader::kBlockSize;
      const int32_t tap = k / channels;
      const int8_t* pixel = conv2d_pixel(s, x, conv2d_input_row(s, oy, tap / s.kernel_w),
                                         conv2d_input_column(s, ox, tap % s.kernel_w));
      for (int j = 0; j < Reader::kBlockSize; ++j) {
        acc += (pixel ? pixel[first + k % channels + j] : layer.x_zero_point) * reader.values()[j];
      }
    }
    y[o] = output_s8(layer.output, o, acc);
  }
}

template <typename Reader>
void convolve(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y) {
  for (int32_t oy = 0; oy < layer.shape.out_h; ++oy) {
    for (int32_t ox = 0; ox < layer.shape.out_w; ++ox) {
      convolve_pixel<Reader>(layer, x, oy, ox, y);
      y += layer.shape.out_channels;
    }
  }
}

}  // namespace

void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void*) {
  convolve<RunLengthReader<2>>(layer, x, y);
}

void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void*) {
  convolve<RunLengthReader<4>>(layer, x, y);
}

void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void*) {
  convolve<BitmapReader<2>>(layer, x, y);
}

void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void*) {
  convolve<BitmapReader<4>>(layer, x, y);
}

}  // namespace tinyformer::engine::ref
