// Block-sparse linear layers with SMLAD: one decoding for several batches of tokens.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8_sparse.h"

#include "engine/arm/sparse_rows.h"

namespace tinyformer::engine::arm {
namespace {

template <typename Cursor>
void linear(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  const int32_t batches = sparse_batches(layer.tokens, layer.in);
  const int32_t batch_values = 2 * batch_words(layer.in);
  int16_t* batch = static_cast<int16_t*>(scratch);
  SparseRows<Cursor> rows(layer.weights, layer.bias, layer.output, layer.out, layer.in, batches,
                          static_cast<Word*>(scratch));
  for (int32_t done = 0; done < layer.tokens;) {
    const TokenRun run = next_run(done, layer.tokens, batches);
    for (int32_t t = 0; t < run.count; ++t) {
      put_values<typename SparseRows<Cursor>::Layout>(batch + t / kTokenBatch * batch_values,
                                                      t % kTokenBatch, 0,
                                                      x + (run.first + t) * layer.in, layer.in);
    }
    rows.restart();
    rows.compute(RowRange{0, layer.out, run.count, y + run.first * layer.out, layer.out});
    done = run.first + run.count;
  }
  limit_outputs(layer.output, y, layer.tokens * layer.out);
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
