// Block-sparse linear layers on a host.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8_sparse.h"

#include "engine/host/pair_convolution.h"
#include "tinyformer/engine/block_reader.h"

namespace tinyformer::engine::host {
namespace {

template <typename Reader>
bool fast(const LinearS8Sparse& layer, const int8_t* x, int8_t* y) {
  const Conv2dShape shape = linear_as_conv2d(layer.tokens, layer.in, layer.out);
  const SparseRows<Reader> rows(layer.weights, 1, layer.in);
  return convolve_pairs(shape, 0, layer.bias, layer.output, x, y, rows);
}

}  // namespace

void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<RunLengthReader<2>>(layer, x, y)) ref::linear_s8_rlc2(layer, x, y, scratch);
}

void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<RunLengthReader<4>>(layer, x, y)) ref::linear_s8_rlc4(layer, x, y, scratch);
}

void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<BitmapReader<2>>(layer, x, y)) ref::linear_s8_bitmap2(layer, x, y, scratch);
}

void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  if (!fast<BitmapReader<4>>(layer, x, y)) ref::linear_s8_bitmap4(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
