// Random numbers for the parity checks: the same stream on every machine.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::parity {

/// xorshift32: small enough for a microcontroller.
class Random {
 public:
  explicit Random(uint32_t seed) : state_((seed * 2654435761u) | 1u) {
    for (int i = 0; i < 8; ++i) next();
  }
  uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }
  /// Uniform in [low, high]; the range may be as wide as int32.
  int32_t between(int32_t low, int32_t high) {
    const uint32_t count = static_cast<uint32_t>(high) - static_cast<uint32_t>(low) + 1;
    const uint32_t value = next();
    return static_cast<int32_t>(static_cast<uint32_t>(low) + (count == 0 ? value : value % count));
  }
  /// In [low, high], with a preference for the ends and for the neighbours of multiples of 4.
  int32_t edge(int32_t low, int32_t high) {
    const int32_t kind = between(0, 9);
    if (kind == 0) return low;
    if (kind == 1) return high;
    if (kind == 2) return between(low, low + 3 < high ? low + 3 : high);
    const int32_t value = between(low, high);
    if (kind > 5) return value;
    const int32_t near = (value + 2) / 4 * 4 + between(-1, 1);
    return near < low ? low : (near > high ? high : near);
  }
  bool chance(int32_t percent) { return between(0, 99) < percent; }
  int8_t byte() { return static_cast<int8_t>(next() >> 24); }
  /// A zero point: any int8, often an end of the range or 0.
  int32_t zero_point() {
    constexpr int32_t kEnds[] = {-128, 127, 0};
    return chance(40) ? kEnds[between(0, 2)] : between(-128, 127);
  }

 private:
  uint32_t state_;
};

}  // namespace tinyformer::engine::parity
