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
  int16_t* batch = static_cast<int16_t*>(scratch);
  uint8_t* distances = static_cast<uint8_t*>(scratch) + 2 * kTokenBatch * round_up(taps, 4);
  uint16_t* records = reinterpret_cast<uint16_t*>(distances + 2 * sparse_distances(taps / 2));
  const int32_t row_blocks = taps / Cursor::kBlockSize;
  SparseRows<Cursor> rows(layer.weights, layer.bias, layer.output, s.out_channels, row_blocks,
                          records, distances);
  for_each_batch<typename SparseRows<Cursor>::Layout>(
      s, layer.x_zero_point, x, y, batch, [&] { rows.restart(static_cast<const Word*>(scratch)); },
      [&](const RowRange& range) { rows.compute(range); });
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
