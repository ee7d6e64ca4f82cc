// Elementwise addition: two multiplications an element, zero point and rounding in what they add
// to.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/add_s8.h"

#include "engine/arm/dsp.h"

namespace tinyformer::engine::arm {
namespace {

// What all elements have in common: y = (start + a * a_multiplier + b * b_multiplier) >> shift,
// limited to int8. |start| < 2^30 + 2^29 by AddS8's bound, and so is the sum.
struct Sum {
  int32_t start;
  int32_t a_multiplier;
  int32_t b_multiplier;
  int32_t shift;

  explicit Sum(const AddS8& layer)
      : start((1 << (layer.shift - 1)) + layer.y_zero_point * (1 << layer.shift) -
              layer.a_zero_point * layer.a_multiplier - layer.b_zero_point * layer.b_multiplier),
        a_multiplier(layer.a_multiplier),
        b_multiplier(layer.b_multiplier),
        shift(layer.shift) {}

  int8_t of(int8_t a, int8_t b) const {
    return saturate_s8((start + a * a_multiplier + b * b_multiplier) >> shift);
  }

  // The next four elements. In the order in which a core that issues in order waits least.
  void four(const int8_t*& a, const int8_t*& b, int8_t*& y) const {
    int32_t s0, s1, s2, s3, v;
    __asm__ volatile(
        "ldrsb %[s0], [%[a]], #1\n\t"
        "ldrsb %[v], [%[b]], #1\n\t"
        "ldrsb %[s1], [%[a]], #1\n\t"
        "mla %[s0], %[s0], %[ma], %[start]\n\t"
        "ldrsb %[s3], [%[b]], #1\n\t"
        "mla %[s0], %[v], %[mb], %[s0]\n\t"
        "ldrsb %[s2], [%[a]], #1\n\t"
        "mla %[s1], %[s1], %[ma], %[start]\n\t"
        "ldrsb %[v], [%[b]], #1\n\t"
        "mla %[s1], %[s3], %[mb], %[s1]\n\t"
        "ldrsb %[s3], [%[a]], #1\n\t"
        "mla %[s2], %[s2], %[ma], %[start]\n\t"
        "asr %[s0], %[s0], %[shift]\n\t"
        "mla %[s2], %[v], %[mb], %[s2]\n\t"
        "ldrsb %[v], [%[b]], #1\n\t"
        "mla %[s3], %[s3], %[ma], %[start]\n\t"
        "asr %[s1], %[s1], %[shift]\n\t"
        "ssat %[s0], #8, %[s0]\n\t"
        "mla %[s3], %[v], %[mb], %[s3]\n\t"
        "ssat %[s1], #8, %[s1]\n\t"
        "asr %[s2], %[s2], %[shift]\n\t"
        "strb %[s0], [%[y]], #1\n\t"
        "ssat %[s2], #8, %[s2]\n\t"
        "strb %[s1], [%[y]], #1\n\t"
        "asr %[s3], %[s3], %[shift]\n\t"
        "strb %[s2], [%[y]], #1\n\t"
        "ssat %[s3], #8, %[s3]\n\t"
        "strb %[s3], [%[y]], #1"
        : [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3), [v] "=&r"(v), [a] "+r"(a),
          [b] "+r"(b), [y] "+r"(y)
        : [ma] "r"(a_multiplier), [mb] "r"(b_multiplier), [start] "r"(start), [shift] "r"(shift)
        : "memory");
  }
};

}  // namespace

void add_s8(const AddS8& layer, const int8_t* a, const int8_t* b, int8_t* y) {
  if (layer.min != -128 || layer.max != 127) return ref::add_s8(layer, a, b, y);
  const Sum sum(layer);
  const int8_t* const end = a + layer.elements;
  for (const int8_t* const last = a + layer.elements / 4 * 4; a != last;) sum.four(a, b, y);
  for (; a != end; ++a, ++b, ++y) *y = sum.of(*a, *b);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
