// Block-sparse convolutions on a host.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8_sparse.h"

#include "engine/host/pair_convolution.h"
#include "tinyformer/engine/block_reader.h"

namespace tinyformer::engine::host {
namespace {

template <typename Reader>
bool fast(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y) {
  const Conv2dShape& shape = layer.shape;
  const SparseRows<Reader> rows(layer.weights, shape.kernel_h * shape.kernel_w,
                                shape.in_channels / shape.groups);
  return convolve_pairs(shape, layer.x_zero_point, layer.bias, layer.output, x, y, rows);
}

}  // namespace

void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<RunLengthReader<2>>(layer, x, y)) ref::conv2d_s8_rlc2(layer, x, y, scratch);
}

void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<RunLengthReader<4>>(layer, x, y)) ref::conv2d_s8_rlc4(layer, x, y, scratch);
}

void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<BitmapReader<2>>(layer, x, y)) ref::conv2d_s8_bitmap2(layer, x, y, scratch);
}

void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<BitmapReader<4>>(layer, x, y)) ref::conv2d_s8_bitmap4(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
