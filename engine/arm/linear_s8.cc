// Dense linear layer with SMLAD: a batch of tokens for every row of weights.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8.h"

#include "engine/arm/dense_rows.h"

namespace tinyformer::engine::arm {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  int16_t* batch = static_cast<int16_t*>(scratch);
  const DenseRows rows(layer.weights, layer.bias, layer.output, layer.out, layer.in, scratch);
  for (int32_t done = 0; done < layer.tokens;) {
    const TokenRun run = next_run(done, layer.tokens, 1);
    for (int32_t t = 0; t < run.count; ++t) {
      put_values<QuadLayout>(batch, t, 0, x + (run.first + t) * layer.in, layer.in);
    }
    rows.compute(RowRange{0, layer.out, run.count, y + run.first * layer.out, layer.out});
    done = run.first + run.count;
  }
  limit_outputs(layer.output, y, layer.tokens * layer.out);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
