#include "bench/softmax/softmax_variants.h"

namespace tinyformer::bench {
namespace {

// Round(a * b) in Q0.31; a and b are not both -1.
int32_t multiply_q31(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (1 << 30)) >> 31);
}

// exp(-1/4), exp(-1/2), exp(-1) ... exp(-16)
constexpr int32_t kFactors[7] = {1672461947, 1302514674, 790015084, 290630308,
                                 39332535,   720401,     242};

int32_t largest_of(const int8_t* x, int32_t count) {
  int32_t largest = x[0];
  for (int32_t i = 1; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

// exp(-difference * s_x) in Q0.31.
int32_t exponential_of(const ExponentialSoftmax& layer, int32_t difference) {
  // difference * step < 2^31, the same as above -32
  const bool in_range = difference <= INT32_MAX / layer.step;
  return in_range ? exponential_q31(-difference * layer.step) : 0;
}

// To 12 bits above the point, so that a row's sum fits 32 bits.
uint32_t summand(int32_t exponential) {
  return (static_cast<uint32_t>(exponential) + (1u << 11)) >> 12;
}

// One division a row. sum >= 2^19, because the largest element's exponential is 1.
uint32_t inverse(uint32_t sum) { return static_cast<uint32_t>((uint64_t{1} << 50) / sum); }

// 256 times a probability, rounded: exponential * 2^-31 * inverse * 2^-31 * 2^8.
int8_t output(int32_t exponential, uint32_t inverse) {
  const uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(exponential)) * inverse;
  const int32_t y = static_cast<int32_t>((product + (uint64_t{1} << 53)) >> 54) - 128;
  return static_cast<int8_t>(y > 127 ? 127 : y);
}

}  // namespace

int32_t exponential_q31(int32_t x) {
  constexpr int32_t kQuarter = 1 << 24;
  constexpr int32_t kEighthQ31 = 1 << 28;
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kSixth = 357913941, kTwentyFourth = 89478485, kHalf = 1 << 30;
  const int32_t rest = (x & (kQuarter - 1)) - kQuarter;
  const int32_t t = rest * 32 + kEighthQ31;  // [-1/8, 1/8)
  int32_t series = multiply_q31(t, kTwentyFourth) + kSixth;
  series = multiply_q31(t, series) + kHalf;
  series = t + multiply_q31(t, multiply_q31(t, series));
  int32_t result = kExpOfMinusEighth + multiply_q31(kExpOfMinusEighth, series);
  const int32_t quarters = (rest - x) >> 24;
  for (int bit = 0; bit < 7; ++bit) {
    const int32_t smaller = multiply_q31(result, kFactors[bit]);
    result = (quarters >> bit & 1) != 0 ? smaller : result;
  }
  return x == 0 ? INT32_MAX : result;
}

void softmax_fixed_point(const ExponentialSoftmax& layer, const int8_t* x, int8_t* y) {
  for (int32_t r = 0; r < layer.rows; ++r, x += layer.columns, y += layer.columns) {
    const int32_t largest = largest_of(x, layer.columns);
    uint32_t sum = 0;
    for (int32_t i = 0; i < layer.columns; ++i)
      sum += summand(exponential_of(layer, largest - x[i]));
    const uint32_t scale = inverse(sum);
    for (int32_t i = 0; i < layer.columns; ++i)
      y[i] = output(exponential_of(layer, largest - x[i]), scale);
  }
}

void softmax_lazy_table(const ExponentialSoftmax& layer, const int8_t* x, int8_t* y,
                        LazyTable& table) {
  for (uint32_t& word : table.known) word = 0;
  for (int32_t r = 0; r < layer.rows; ++r, x += layer.columns, y += layer.columns) {
    const int32_t largest = largest_of(x, layer.columns);
    uint32_t sum = 0;
    for (int32_t i = 0; i < layer.columns; ++i) {
      const int32_t difference = largest - x[i];
      uint32_t& word = table.known[difference >> 5];
      const uint32_t bit = 1u << (difference & 31);
      if ((word & bit) == 0) {
        table.value[difference] = exponential_of(layer, difference);
        word |= bit;
      }
      sum += summand(table.value[difference]);
    }
    const uint32_t scale = inverse(sum);
    for (int32_t i = 0; i < layer.columns; ++i) y[i] = output(table.value[largest - x[i]], scale);
  }
}

}  // namespace tinyformer::bench
