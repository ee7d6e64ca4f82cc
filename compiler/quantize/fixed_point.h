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

/// For accumulators near 2^31 (layernorm): shift -17 when the real is below 2^-17 (an accumulator's
/// upper word, shifted by a constant 16, is the output), otherwise the smallest that keeps the
/// multiplier below 2^31. What the multiplier's rounding changes is below 2^-17 of an output's
/// step.
FixedPoint ToFixedPointWide(double real);

/// floor(x + 1/2).
double RoundHalfUp(double x);

/// table[d] = round(e_max * exp(-d * scale)), e_max = min(32767, (2^31 - 1) / (255 * row)).
///
/// Units  scale of the logits; row: how many exponentials are summed, [1, 32768]
std::vector<int16_t> ExponentialTable(double scale, int64_t row);

}  // namespace tinyformer
