// Dense linear layer with SMLAD: a batch of tokens for every row of weights.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8.h"

#include "engine/arm/dense_rows.h"

namespace tinyformer::engine::arm {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  int16_t* batch = static_cast<int16_t*>(scratch);
  const Word* words = static_cast<const Word*>(scratch);
  memset(batch, 0, static_cast<size_t>(linear_s8_scratch_bytes(layer)));
  for (int32_t first = 0; first < layer.tokens; first += kTokenBatch) {
    const int32_t left = layer.tokens - first;
    const int32_t tokens = left < kTokenBatch ? left : kTokenBatch;
    for (int32_t t = 0; t < tokens; ++t) {
      put_values<QuadLayout>(batch, t, 0, x + t * layer.in, layer.in);
    }
    compute_dense_rows(layer.weights, layer.in, layer.out, layer.bias, layer.output, words,
                       RowRange{0, layer.out, tokens, y, layer.out});
    x += tokens * layer.in;
    y += tokens * layer.out;
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
