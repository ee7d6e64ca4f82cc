// Block-sparse convolutions with SMLAD over im2col batches: one decoding for a batch of pixels.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8_sparse.h"

#include "engine/arm/im2col.h"
#include "engine/arm/sparse_rows.h"

namespace tinyformer::engine::arm {
namespace {

template <typename Cursor>
void convolve(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  const Conv2dShape& s = layer.shape;
  const int32_t taps = conv2d_taps(s);
  const int32_t batches = sparse_batches(s.out_h * s.out_w, taps);
  SparseRows<Cursor> rows(layer.weights, layer.bias, layer.output, s.out_channels, taps, batches,
                          static_cast<Word*>(scratch));
  for_each_run<typename SparseRows<Cursor>::Layout>(
      s, layer.x_zero_point, x, y, batches, static_cast<int16_t*>(scratch), nullptr,
      [&] { rows.restart(); }, [&](const RowRange& range) { rows.compute(range); });
  limit_outputs(layer.output, y, s.out_h * s.out_w * s.out_channels);
}

}  // namespace

void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  convolve<RunLengthCursor<2>>(layer, x, y, scratch);
}

void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  convolve<RunLengthCursor<4>>(layer, x, y, scratch);
}

void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  convolve<BitmapCursor<2>>(layer, x, y, scratch);
}

void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  convolve<BitmapCursor<4>>(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
