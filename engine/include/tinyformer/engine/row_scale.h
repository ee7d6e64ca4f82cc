// The one division of a softmax row: from the row's sum to a multiplier and shift for requantize.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine {

/// A multiplier and shift for requantize that belong to one row.
struct RowScale {
  int32_t multiplier;
  int32_t shift;
};

/// The multiplier and shift that stand for (multiplier * 2^(shift-31)) / sum.
///
/// lz = clz32(sum);  inv = floor((2^32 - 1) / ((sum << lz) >> 16)), in [2^16 + 1, 2^17 - 1];
/// row multiplier = (multiplier * inv) >> 17;  row shift = shift + lz - 31
///
/// Units   sum in [256, 2^24); multiplier Q0.31; shift in [-8, 10], so the row shift is in [-31, 2]
/// Bounds  multiplier * inv < 2^48; relative error below 2^-14, that is 0.016 LSB for an output 255
///         steps from the zero point
/// Source  docs/quantization.md, "Softmax rows"
constexpr RowScale row_scale(uint32_t sum, int32_t multiplier, int32_t shift) {
  const int32_t lz = __builtin_clz(sum);
  const uint32_t inverse = 0xffffffffu / ((sum << lz) >> 16);
  return {static_cast<int32_t>((static_cast<uint64_t>(multiplier) * inverse) >> 17),
          shift + lz - 31};
}

}  // namespace tinyformer::engine
