// Sequence pooling.
#include "tinyformer/engine/attention_pool_s8.h"

namespace tinyformer::engine::ref {

void attention_pool_s8(const AttentionPoolS8& layer, const int8_t* logits, const int8_t* x,
                       int8_t* y, void* scratch) {
  int16_t* weights = static_cast<int16_t*>(scratch);
  int32_t largest = -128;
  for (int32_t t = 0; t < layer.tokens; ++t) largest = logits[t] > largest ? logits[t] : largest;
  uint32_t sum = 0;
  for (int32_t t = 0; t < layer.tokens; ++t) {
    weights[t] = layer.exp_table[largest - logits[t]];
    sum += static_cast<uint32_t>(weights[t]);
  }
  const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
  for (int32_t c = 0; c < layer.channels; ++c) {
    int32_t acc = 0;
    for (int32_t t = 0; t < layer.tokens; ++t) {
      acc += weights[t] * (x[t * layer.channels + c] - layer.x_zero_point);
    }
    y[c] = static_cast<int8_t>(clamp(
        layer.y_zero_point + requantize(acc, scale.multiplier, scale.shift), layer.min, layer.max));
  }
}

}  // namespace tinyformer::engine::ref
