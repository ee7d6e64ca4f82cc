// The host's inner loop: sums of products of int16 pairs for many columns at once.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::host {

/// Two adjacent inputs or weights as int16.
struct Pair {
  int16_t first;
  int16_t second;
};

/// A pair of weights and where the first column's pair of inputs lies.
struct PairTerm {
  int32_t offset;
  Pair weights;
};

/// Columns that accumulate_pairs works on at a time: x is read and acc written up to a multiple.
constexpr int32_t kColumnStep = 16;

/// acc[j] = start + sum_i (x[offset_i + j].first * weights_i.first + .second * .second)
///
/// Uses AVX-512 VNNI or AVX2 where the machine has it; the sums are the same integers everywhere.
///
/// Shapes  terms [count]   acc [round_up(columns, kColumnStep)]
/// Bounds  every partial sum fits int32
/// Memory  reads x[offset_i .. offset_i + round_up(columns, kColumnStep) - 1]
void accumulate_pairs(const PairTerm* terms, int32_t count, const Pair* x, int32_t columns,
                      int32_t start, int32_t* acc);

/// One way of computing accumulate_pairs.
struct PairProducts {
  const char* name;
  bool usable;  // on this machine
  void (*accumulate)(const PairTerm* terms, int32_t count, const Pair* x, int32_t columns,
                     int32_t start, int32_t* acc);
};

/// All ways, fastest first; the last, portable, is usable everywhere. Returns how many.
int32_t list_pair_products(const PairProducts** list);

}  // namespace tinyformer::engine::host
