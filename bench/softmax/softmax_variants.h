// Two ways to compute an int8 softmax that the engine does not take, to compare it with: an
// exponential in fixed point for every element, and a table that is filled while it is used.
#pragma once

#include <stdint.h>

namespace tinyformer::bench {

/// exp(x) in Q0.31; x in Q5.26, in (-32, 0]. exp(0) is 2^31 - 1.
///
/// x is split into a multiple of 1/4 and a rest in [-1/4, 0): the rest by the Taylor polynomial of
/// degree 4 around -1/8, the multiple by one constant factor for each of its seven bits.
///
/// Bounds  relative error of the polynomial below (1/8)^5 / 120 * exp(1/8) < 2^-21.7; the
///         roundings add less than 16 units of 2^-31
/// Source  the scheme of gemmlowp's exp_on_negative_values, which TensorFlow Lite and CMSIS-NN use;
///         written from the formula
int32_t exponential_q31(int32_t x);

/// Rows of int8 logits to probabilities: y has scale 1/256 and zero point -128.
struct ExponentialSoftmax {
  int32_t rows;
  int32_t columns;  // at most 4095
  int32_t step;     // round(s_x * 2^26), > 0: the logits' scale in Q5.26
};

/// y = clamp(round(256 exp(d) / sum exp(d)) - 128, -128, 127), d = (x - largest of the row) * s_x,
/// with exp(d) = 0 for d <= -32; every exponential is computed twice: for the sum, for the output.
///
/// Work depends on the data: on the number of differences above -32.
void softmax_fixed_point(const ExponentialSoftmax& layer, const int8_t* x, int8_t* y);

/// The exponentials that a layer has met. 1056 bytes.
struct LazyTable {
  uint32_t known[8];   // a bit for each difference
  int32_t value[256];  // Q0.31
};

/// The same bytes: every exponential is computed when its difference is met for the first time.
///
/// Work depends on the data: on how many of the differences occur, and when.
/// Memory  table: scratch
/// Source  TinyFormer III-D3
void softmax_lazy_table(const ExponentialSoftmax& layer, const int8_t* x, int8_t* y,
                        LazyTable& table);

}  // namespace tinyformer::bench
