// Block-sparse linear layers with SMLAD: one decoding for a batch of tokens.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8_sparse.h"

#include "engine/arm/sparse_rows.h"

namespace tinyformer::engine::arm {
namespace {

template <typename Cursor>
void linear(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  using Layout = typename BlockLayout<Cursor::kBlockSize>::Layout;
  const int32_t row_blocks = layer.in / Cursor::kBlockSize;
  int16_t* batch = static_cast<int16_t*>(scratch);
  const uint32_t* words = static_cast<const uint32_t*>(scratch);
  uint16_t* records = static_cast<uint16_t*>(scratch) + kTokenBatch * round_up(layer.in, 4);
  count_records<typename Cursor::Reader>(layer.weights, layer.out, row_blocks, records);
  memset(batch, 0, static_cast<size_t>(kTokenBatch * 2 * round_up(layer.in, 4)));
  for (int32_t first = 0; first < layer.tokens; first += kTokenBatch) {
    const int32_t left = layer.tokens - first;
    const int32_t tokens = left < kTokenBatch ? left : kTokenBatch;
    for (int32_t t = 0; t < tokens; ++t) {
      put_values<Layout>(batch, t, 0, x + t * layer.in, layer.in);
    }
    Cursor cursor(layer.weights);
    for (int32_t o = 0; o < layer.out; ++o) {
      const int32_t bias = layer.bias[o];
      BatchSums sums = {{bias, bias, bias, bias}};
      add_records(cursor, records[o], o * row_blocks, words, sums);
      store_batch(layer.output, o, sums, tokens, y + o, layer.out);
    }
    x += tokens * layer.in;
    y += tokens * layer.out;
  }
}

}  // namespace

void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<RunLengthCursor<2>>(layer, x, y, scratch);
}

void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<RunLengthCursor<4>>(layer, x, y, scratch);
}

void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<BitmapCursor<2>>(layer, x, y, scratch);
}

void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<BitmapCursor<4>>(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
