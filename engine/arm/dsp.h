// The instructions of the Cortex-M DSP extension that the kernels are built from.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine::arm {

/// A word of two int16 in memory that is also written as int16.
using Word __attribute__((may_alias)) = uint32_t;

/// Four bytes from any address (the core does unaligned word loads).
inline uint32_t load_word(const int8_t* from) {
  uint32_t word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}

/// Four bytes to any address.
inline void store_word(int8_t* to, uint32_t word) { __builtin_memcpy(to, &word, sizeof word); }

/// Bytes 0 and 2 of a word as two int16.
inline uint32_t even_bytes(uint32_t word) {
  uint32_t pair;
  __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
  return pair;
}

/// Bytes 1 and 3 of a word as two int16.
inline uint32_t odd_bytes(uint32_t word) {
  uint32_t pair;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
  return pair;
}

/// pair + bytes 0 and 2 of a word, each in its half.
inline uint32_t add_even_bytes(uint32_t pair, uint32_t word) {
  uint32_t sum;
  __asm__("sxtab16 %0, %1, %2" : "=r"(sum) : "r"(pair), "r"(word));
  return sum;
}

/// pair + bytes 1 and 3 of a word, each in its half.
inline uint32_t add_odd_bytes(uint32_t pair, uint32_t word) {
  uint32_t sum;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(word));
  return sum;
}

/// acc + a.low * b.low + a.high * b.high, all int16 products.
inline int32_t multiply_pairs(uint32_t a, uint32_t b, int32_t acc) {
  int32_t sum;
  __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
  return sum;
}

/// acc + a.low * b.low
inline int32_t multiply_low(uint32_t a, uint32_t b, int32_t acc) {
  int32_t sum;
  __asm__("smlabb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
  return sum;
}

/// acc + a.high * b.high
inline int32_t multiply_high(uint32_t a, uint32_t b, int32_t acc) {
  int32_t sum;
  __asm__("smlatt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
  return sum;
}

/// acc + a.low * b.high
inline int32_t multiply_low_high(uint32_t a, uint32_t b, int32_t acc) {
  int32_t sum;
  __asm__("smlabt %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
  return sum;
}

/// acc + a.high * b.low
inline int32_t multiply_high_low(uint32_t a, uint32_t b, int32_t acc) {
  int32_t sum;
  __asm__("smlatb %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(acc));
  return sum;
}

/// (a.low, b.low)
inline uint32_t pack_low(uint32_t a, uint32_t b) {
  uint32_t pair;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
  return pair;
}

/// (a.high, b.high)
inline uint32_t pack_high(uint32_t a, uint32_t b) {
  uint32_t pair;
  __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
  return pair;
}

/// a - b in both halves.
inline uint32_t subtract_pairs(uint32_t a, uint32_t b) {
  uint32_t pair;
  __asm__("ssub16 %0, %1, %2" : "=r"(pair) : "r"(a), "r"(b));
  return pair;
}

/// requantize(acc, multiplier, -1): (acc * multiplier + 2^31) >> 32 in one instruction.
inline int32_t requantize_half(int32_t acc, int32_t multiplier) {
  int32_t result;
  __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(acc), "r"(multiplier));
  return result;
}

/// (acc * multiplier) >> 32
inline int32_t multiply_top(int32_t acc, int32_t multiplier) {
  int32_t result;
  __asm__("smmul %0, %1, %2" : "=r"(result) : "r"(acc), "r"(multiplier));
  return result;
}

/// acc + ((a * b) >> 32), the low word of the product dropped.
inline int32_t add_top(int32_t a, int32_t b, int32_t acc) {
  int32_t result;
  __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(acc));
  return result;
}

/// value limited to [-128, 127].
inline int8_t saturate_s8(int32_t value) {
  int32_t result;
  __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
  return static_cast<int8_t>(result);
}

/// The larger int8 of each pair of bytes.
inline uint32_t larger_bytes(uint32_t a, uint32_t b) {
  uint32_t larger;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(a), "r"(b) : "cc");
  return larger;
}

/// The smaller int8 of each pair of bytes.
inline uint32_t smaller_bytes(uint32_t a, uint32_t b) {
  uint32_t smaller;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(smaller) : "r"(a), "r"(b) : "cc");
  return smaller;
}

/// acc + the sum of the four bytes, unsigned.
inline uint32_t add_bytes(uint32_t bytes, uint32_t acc) {
  uint32_t sum;
  __asm__("usada8 %0, %1, %2, %3" : "=r"(sum) : "r"(bytes), "r"(0), "r"(acc));
  return sum;
}

/// output_s8 of the reference; the branch depends on the layer only.
inline int8_t store_s8(const OutputS8& output, int32_t multiplier, int32_t acc) {
  const int32_t scaled = output.shift == -1 ? requantize_half(acc, multiplier)
                                            : requantize(acc, multiplier, output.shift);
  return static_cast<int8_t>(clamp(output.zero_point + scaled, output.min, output.max));
}

}  // namespace tinyformer::engine::arm
