// Scaled-LayerNorm, integers only.
#include "tinyformer/engine/layernorm_s8.h"

namespace tinyformer::engine::ref {
namespace {

// 2^norm_bits / sqrt(variance) as inverse * 2^-shift.
struct InverseDeviation {
  uint32_t inverse;
  int32_t shift;
};

InverseDeviation inverse_deviation(const LayernormS8& layer, int32_t sum, uint32_t squares) {
  // squares <= channels * 2^14 <= 2^29 and sum^2 <= channels * squares, so the difference is >= 0.
  const uint64_t variance = static_cast<uint64_t>(layer.channels) * squares -
                            static_cast<uint64_t>(static_cast<int64_t>(sum) * sum) + layer.epsilon;
  const int32_t even = __builtin_clzll(variance) & ~1;
  return {inverse_sqrt(static_cast<uint32_t>((variance << even) >> 32)),
          62 - layer.norm_bits - even / 2};
}

}  // namespace

void layernorm_s8(const LayernormS8& layer, const int8_t* x, int8_t* y) {
  const int32_t channels = layer.channels;
  for (int32_t r = 0; r < layer.rows; ++r, x += channels, y += channels) {
    int32_t sum = 0;
    uint32_t squares = 0;
    for (int32_t c = 0; c < channels; ++c) {
      sum += x[c];
      squares += static_cast<uint32_t>(x[c] * x[c]);
    }
    const InverseDeviation deviation = inverse_deviation(layer, sum, squares);
    const int64_t half = int64_t{1} << (deviation.shift - 1);
    for (int32_t c = 0; c < channels; ++c) {
      const int64_t scaled = static_cast<int64_t>(channels * x[c] - sum) * deviation.inverse;
      const int32_t normalised = static_cast<int32_t>((scaled + half) >> deviation.shift);
      const int32_t acc = normalised * layer.gamma[c] + layer.beta[c];
      y[c] = static_cast<int8_t>(
          clamp(layer.y_zero_point + requantize(acc, layer.multiplier, layer.shift), layer.min,
                layer.max));
    }
  }
}

}  // namespace tinyformer::engine::ref
