// From int32 accumulators to int8 activations: the one rounding rule of the engine.
#pragma once

#include <stdint.h>

namespace tinyformer::engine {

/// floor(acc * multiplier * 2^(shift-31) + 1/2): one rounding, halves go up.
///
/// Units   multiplier Q0.31, [0, 2^31); shift log2, [-31, 30]
/// Bounds  |acc * multiplier| < 2^62 and the rounding term is at most 2^61: the int64 sum is exact.
///         The caller proves that the result fits int32 (for shift <= -1 always: |result| <= 2^30)
/// Source  docs/quantization.md, "Requantize"
constexpr int32_t requantize(int32_t acc, int32_t multiplier, int32_t shift) {
  return static_cast<int32_t>(
      (static_cast<int64_t>(acc) * multiplier + (int64_t{1} << (30 - shift))) >> (31 - shift));
}

/// value limited to [low, high]. In two steps, because GCC compiles these to conditional moves and
/// the nested form to a branch, which would make the number of executed instructions depend on the
/// data.
constexpr int32_t clamp(int32_t value, int32_t low, int32_t high) {
  const int32_t at_least = value < low ? low : value;
  return at_least > high ? high : at_least;
}

/// How accumulators of a layer with per-channel weights become its int8 output.
///
/// y = clamp(zero_point + requantize(acc, multiplier[c], shift), min, max)
///
/// Bounds  -128 <= min <= max <= 127; zero_point in [-128, 127]; |requantize(..)| < 2^31 - 128
struct OutputS8 {
  const int32_t* multiplier;  // [channels], Q0.31
  int32_t shift;              // one for all channels
  int32_t zero_point;
  int32_t min;  // carries ReLU and clip
  int32_t max;
};

/// The formula of OutputS8 for one accumulator of channel c.
constexpr int8_t output_s8(const OutputS8& output, int32_t c, int32_t acc) {
  return static_cast<int8_t>(
      clamp(output.zero_point + requantize(acc, output.multiplier[c], output.shift), output.min,
            output.max));
}

}  // namespace tinyformer::engine
