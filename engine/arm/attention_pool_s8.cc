// Sequence pooling: four channels of all tokens at a time.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/attention_pool_s8.h"

#include "engine/arm/dsp.h"

namespace tinyformer::engine::arm {
namespace {

// Exponentials of a token each, and their sum.
uint32_t exponentials(const AttentionPoolS8& layer, const int8_t* logits, int16_t* weights) {
  int32_t largest = -128;
  for (int32_t t = 0; t < layer.tokens; ++t) largest = logits[t] > largest ? logits[t] : largest;
  uint32_t sum = 0;
  for (int32_t t = 0; t < layer.tokens; ++t) {
    weights[t] = layer.exp_table[largest - logits[t]];
    sum += static_cast<uint32_t>(weights[t]);
  }
  return sum;
}

}  // namespace

// sum e (x - z) as sum e x - z sum e: the same integer, every part below 2^31 (T e_max 255 < 2^31).
void attention_pool_s8(const AttentionPoolS8& layer, const int8_t* logits, const int8_t* x,
                       int8_t* y, void* scratch) {
  int16_t* weights = static_cast<int16_t*>(scratch);
  const uint32_t sum = exponentials(layer, logits, weights);
  const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
  const int32_t start = -layer.x_zero_point * static_cast<int32_t>(sum);
  const auto output = [&](int32_t acc) {
    return static_cast<int8_t>(clamp(
        layer.y_zero_point + requantize(acc, scale.multiplier, scale.shift), layer.min, layer.max));
  };
  int32_t c = 0;
  for (; c + 4 <= layer.channels; c += 4) {
    int32_t sums[4] = {start, start, start, start};
    const int8_t* channel = x + c;
    for (int32_t t = 0; t < layer.tokens; ++t, channel += layer.channels) {
      const auto weight = static_cast<uint32_t>(weights[t]);
      const uint32_t word = load_word(channel);
      const uint32_t even = even_bytes(word);
      const uint32_t odd = odd_bytes(word);
      sums[0] = multiply_low(even, weight, sums[0]);
      sums[1] = multiply_low(odd, weight, sums[1]);
      sums[2] = multiply_high_low(even, weight, sums[2]);
      sums[3] = multiply_high_low(odd, weight, sums[3]);
    }
    for (int32_t i = 0; i < 4; ++i) y[c + i] = output(sums[i]);
  }
  for (; c < layer.channels; ++c) {
    int32_t acc = start;
    for (int32_t t = 0; t < layer.tokens; ++t) acc += weights[t] * x[t * layer.channels + c];
    y[c] = output(acc);
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
