// Scaled-LayerNorm, integers only.
#include "tinyformer/engine/layernorm_s8.h"

namespace tinyformer::engine::ref {
namespace {

// n of a row: ((slope * x) >> shift) - mean, 16 bits below the point; mean contains the rounding.
struct NormalisedRow {
  int64_t slope;
  int64_t mean;
  int32_t shift;

  int32_t of(int8_t x) const { return static_cast<int32_t>((((slope * x) >> shift) - mean) >> 16); }
};

// Leading zeros of value > 0. GCC compiles __builtin_clzll to a branch on the high word, which
// would make the number of executed instructions depend on the data.
int32_t leading_zeros(uint64_t value) {
  const uint32_t high = static_cast<uint32_t>(value >> 32);
  const uint32_t no_high = 0u - static_cast<uint32_t>(high == 0);
  const uint32_t word = high | (static_cast<uint32_t>(value) & no_high);
  return __builtin_clz(word) + static_cast<int32_t>(no_high & 32);
}

NormalisedRow normalised_row(const LayernormS8& layer, int32_t sum, uint32_t squares) {
  // squares <= channels * 2^14 <= 2^29 and sum^2 <= channels * squares, so the difference is >= 0.
  const uint64_t variance = static_cast<uint64_t>(layer.channels) * squares -
                            static_cast<uint64_t>(static_cast<int64_t>(sum) * sum) + layer.epsilon;
  const int32_t even = leading_zeros(variance) & ~1;
  const int64_t inverse = inverse_sqrt(static_cast<uint32_t>((variance << even) >> 32));
  const int32_t shift = 46 - layer.norm_bits - even / 2;
  return {layer.channels * inverse, ((sum * inverse) >> shift) - (1 << 15), shift};
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
    const NormalisedRow row = normalised_row(layer, sum, squares);
    for (int32_t c = 0; c < channels; ++c) {
      const int32_t acc = row.of(x[c]) * layer.gamma[c] + layer.beta[c];
      y[c] = static_cast<int8_t>(
          clamp(layer.y_zero_point + requantize(acc, layer.multiplier, layer.shift), layer.min,
                layer.max));
    }
  }
}

}  // namespace tinyformer::engine::ref
