// Real multipliers as the integers of docs/quantization.md.
#pragma once

#include <cstdint>
#include <vector>

namespace tinyformer {

/// multiplier[c] * 2^(shift - 31), one shift for all.
struct FixedPoint {
  std::vector<int32_t> multiplier;
  int32_t shift = -1;
};

/// One shift for a tensor: -1 when every real is below 1/2 (a single instruction on Cortex-M),
/// otherwise the smallest that keeps every multiplier below 2^31.
///
/// Needs  0 <= real < 2^30
FixedPoint ToFixedPoint(const std::vector<double>& reals);

/// One real number with all 31 bits of the multiplier in use, shift down to -31: for accumulators
/// near 2^31 (layernorm).
FixedPoint ToFixedPointExact(double real);

/// floor(x + 1/2).
double RoundHalfUp(double x);

/// table[d] = round(e_max * exp(-d * scale)), e_max = min(32767, (2^31 - 1) / (255 * row)).
///
/// Units  scale of the logits; row: how many exponentials are summed, [1, 32768]
std::vector<int16_t> ExponentialTable(double scale, int64_t row);

}  // namespace tinyformer
