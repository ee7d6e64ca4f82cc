// Block-sparse linear layers with SMLAD: one decoding for a batch of tokens.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8_sparse.h"

#include "engine/arm/sparse_rows.h"

namespace tinyformer::engine::arm {
namespace {

template <typename Cursor>
void linear(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  int16_t* batch = static_cast<int16_t*>(scratch);
  uint8_t* distances = static_cast<uint8_t*>(scratch) + 2 * kTokenBatch * round_up(layer.in, 4);
  uint16_t* records = reinterpret_cast<uint16_t*>(distances + 2 * sparse_distances(layer.in / 2));
  const int32_t row_blocks = layer.in / Cursor::kBlockSize;
  SparseRows<Cursor> rows(layer.weights, layer.bias, layer.output, layer.out, row_blocks, records,
                          distances);
  memset(batch, 0, static_cast<size_t>(kTokenBatch * 2 * round_up(layer.in, 4)));
  for (int32_t first = 0; first < layer.tokens; first += kTokenBatch) {
    const int32_t left = layer.tokens - first;
    const int32_t tokens = left < kTokenBatch ? left : kTokenBatch;
    for (int32_t t = 0; t < tokens; ++t) {
      put_values<typename SparseRows<Cursor>::Layout>(batch, t, 0, x + t * layer.in, layer.in);
    }
    rows.restart(static_cast<const Word*>(scratch));
    rows.compute(RowRange{0, layer.out, tokens, y, layer.out});
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
