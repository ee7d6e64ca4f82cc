// Softmax rows: four logits a word, two lookups an element (for the sum, for the output).
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/softmax_s8.h"

#include <string.h>

#include "engine/arm/dsp.h"

namespace tinyformer::engine::arm {
namespace {

int32_t largest_of(const int8_t* x, int32_t count) {
  uint32_t most = 0x80808080u;
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) most = larger_bytes(load_word(x + i), most);
  int32_t largest = -128;
  for (int byte = 0; byte < 4; ++byte) {
    const int32_t value = static_cast<int8_t>(most >> (8 * byte));
    largest = value > largest ? value : largest;
  }
  for (; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// A row's exponentials: from[~x] is the table's entry for largest - x.
struct RowTable {
  const int16_t* from;

  RowTable(const SoftmaxS8& layer, int32_t largest) : from(layer.exp_table + largest + 1) {}
  int32_t of(int8_t x) const { return from[~x]; }
};

// The exponentials of four logits. Stage by stage, in the order in which a core that issues in
// order waits least; GCC puts every lookup right before its use.
struct FourExponentials {
  int32_t a, b, c, d;

  FourExponentials(const RowTable& table, const int8_t* x) {
    __asm__(
        "sxtb %0, %4\n\t"
        "sxtb %1, %4, ror #8\n\t"
        "sxtb %2, %4, ror #16\n\t"
        "asr %3, %4, #24\n\t"
        "ldrsh %0, [%5, %0, lsl #1]\n\t"
        "ldrsh %1, [%5, %1, lsl #1]\n\t"
        "ldrsh %2, [%5, %2, lsl #1]\n\t"
        "ldrsh %3, [%5, %3, lsl #1]"
        : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
        : "r"(~load_word(x)), "r"(table.from)
        : "memory");
  }
};

uint32_t sum_row(const RowTable& table, const int8_t* x, int32_t count) {
  uint32_t sum = 0;
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const FourExponentials e(table, x + i);
    sum += static_cast<uint32_t>(e.a + e.b + e.c + e.d);
  }
  for (; i < count; ++i) sum += static_cast<uint32_t>(table.of(x[i]));
  return sum;
}

// requantize with the row's scale: shift is in [-23, -2], so the low word of the product cannot
// carry into the result; zero point and rounding go in before the last shift.
struct RowOutput {
  int32_t multiplier;
  int32_t start;
  int32_t shift;

  RowOutput(const RowScale& scale, int32_t zero_point)
      : multiplier(scale.multiplier),
        start(zero_point * (1 << (-1 - scale.shift)) + (1 << (-2 - scale.shift))),
        shift(-1 - scale.shift) {}
  int8_t of(int32_t exponential) const {
    return saturate_s8(add_top(exponential, multiplier, start) >> shift);
  }
  void store_four(FourExponentials& e, int8_t* y) const {
    __asm__ volatile(
        "smmla %0, %0, %4, %5\n\t"
        "smmla %1, %1, %4, %5\n\t"
        "smmla %2, %2, %4, %5\n\t"
        "smmla %3, %3, %4, %5\n\t"
        "asr %0, %0, %6\n\t"
        "asr %1, %1, %6\n\t"
        "ssat %0, #8, %0\n\t"
        "asr %2, %2, %6\n\t"
        "ssat %1, #8, %1\n\t"
        "asr %3, %3, %6\n\t"
        "ssat %2, #8, %2\n\t"
        "strb %0, [%7]\n\t"
        "ssat %3, #8, %3\n\t"
        "strb %1, [%7, #1]\n\t"
        "strb %2, [%7, #2]\n\t"
        "strb %3, [%7, #3]"
        : "+r"(e.a), "+r"(e.b), "+r"(e.c), "+r"(e.d)
        : "r"(multiplier), "r"(start), "r"(shift), "r"(y)
        : "memory");
  }
};

void write_row(const RowTable& table, const RowOutput& output, const int8_t* x, int32_t count,
               int8_t* y) {
  int32_t i = 0;
  for (; i + 4 <= count; i += 4) {
    FourExponentials e(table, x + i);
    output.store_four(e, y + i);
  }
  for (; i < count; ++i) y[i] = output.of(table.of(x[i]));
}

// Whether every row's shift leaves room for RowOutput, and int8 itself is the output's range. A
// row's sum lies between its largest exponential and that times the columns.
bool fast_applies(const SoftmaxS8& layer) {
  const uint32_t largest = static_cast<uint32_t>(layer.exp_table[0]);
  const int32_t high = layer.shift + __builtin_clz(largest) - 31;
  const int32_t low =
      layer.shift + __builtin_clz(largest * static_cast<uint32_t>(layer.columns)) - 31;
  return high <= -2 && low >= -23 && layer.min == -128 && layer.max == 127;
}

}  // namespace

void softmax_s8(const SoftmaxS8& layer, const int8_t* x, int8_t* y) {
  if (!fast_applies(layer)) return ref::softmax_s8(layer, x, y);
  for (int32_t r = 0; r < layer.rows; ++r, x += layer.columns, y += layer.columns) {
    const RowTable table(layer, largest_of(x, layer.columns));
    const uint32_t sum = sum_row(table, x, layer.columns);
    const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
    write_row(table, RowOutput(scale, layer.y_zero_point), x, layer.columns, y);
  }
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
