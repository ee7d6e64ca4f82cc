// Block-sparse convolutions with SMLAD over im2col batches: one decoding for a batch of pixels.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8_sparse.h"

#include "engine/arm/im2col.h"
#include "engine/arm/sparse_rows.h"

namespace tinyformer::engine::arm {
namespace {

template <typename Cursor>
void convolve(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  using Layout = typename BlockLayout<Cursor::kBlockSize>::Layout;
  const Conv2dShape& s = layer.shape;
  const int32_t taps = conv2d_taps(s);
  const int32_t row_blocks = taps / Cursor::kBlockSize;
  const uint32_t* words = static_cast<const uint32_t*>(scratch);
  uint16_t* records = static_cast<uint16_t*>(scratch) + kTokenBatch * round_up(taps, 4);
  count_records<typename Cursor::Reader>(layer.weights, s.out_channels, row_blocks, records);
  Cursor cursor(layer.weights);
  for_each_row<Layout>(
      s, layer.x_zero_point, x, y, static_cast<int16_t*>(scratch),
      [&] { cursor = Cursor(layer.weights); },
      [&](int32_t o, int32_t tokens, int8_t* to) {
        const int32_t bias = layer.bias[o];
        BatchSums sums = {{bias, bias, bias, bias}};
        add_records(cursor, records[o], o * row_blocks, words, sums);
        store_batch(layer.output, o, sums, tokens, to, s.out_channels);
      });
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
