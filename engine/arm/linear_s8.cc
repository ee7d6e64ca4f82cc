// Dense linear layer with SMLAD: a batch of tokens for every row of weights.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8.h"

#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  int16_t* batch = static_cast<int16_t*>(scratch);
  const uint32_t* words = static_cast<const uint32_t*>(scratch);
  memset(batch, 0, static_cast<size_t>(linear_s8_scratch_bytes(layer)));
  for (int32_t first = 0; first < layer.tokens; first += kTokenBatch) {
    const int32_t left = layer.tokens - first;
    const int32_t tokens = left < kTokenBatch ? left : kTokenBatch;
    for (int32_t t = 0; t < tokens; ++t) {
      put_values<QuadLayout>(batch, t, 0, x + t * layer.in, layer.in);
    }
    const int8_t* row = layer.weights;
    for (int32_t o = 0; o < layer.out; ++o, row += layer.in) {
      const int32_t bias = layer.bias[o];
      BatchSums sums = {{bias, bias, bias, bias}};
      add_dense(row, layer.in, words, sums);
      store_batch(layer.output, o, sums, tokens, y + o, layer.out);
    }
    x += tokens * layer.in;
    y += tokens * layer.out;
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
