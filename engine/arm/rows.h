// Rows of weights times a batch of four tokens: what rows.S needs to know, and when it applies.
#pragma once

#include <stdint.h>

#include "engine/arm/dsp.h"
#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine::arm {

/// A run of rows for one batch. Pointers move on as rows are computed, so that a next call goes on
/// where the last one stopped. rows.S knows the offsets.
struct RowJob {
  const uint8_t* index;   // sparse: distances between stored blocks
  const int8_t* weights;  // the blocks' values; dense: rows without gaps
  const Word* batch;      // dense: the batch; sparse: the group of the last block (at first, of
                          // block -1)
  uintptr_t records;      // dense: quads in a row, > 0; sparse: const uint16_t*, blocks of a row
  int32_t row_bytes;      // sparse: size of the batch, by which block numbers go on at row ends;
                          // dense: bytes by which a row's quads overlap the next row
  const int32_t* bias;    // of the first row
  const int32_t* multiplier;  // of the first row
  int32_t zero_point;
  int32_t rows;  // > 0
  int8_t* y;     // token 0, first row's channel; rows are 1 apart, tokens stride
  int32_t stride;
};

/// y = clamp(zero_point + requantize(bias + row * batch, multiplier, -1), -128, 127), four tokens
extern "C" {
void tinyformer_rows_dense(RowJob* job);
void tinyformer_rows_quads(RowJob* job);
void tinyformer_rows_pairs(RowJob* job);
}

/// Dense rows whose sums start at a value of each token, for attention.
struct TokenRowJob {
  const int8_t* weights;  // [rows][4 * quads]
  const Word* batch;
  int32_t quads;  // > 0
  int32_t rows;   // > 0
  int32_t start[4];
  int32_t multiplier;  // scores only
  int32_t zero_point;
  int16_t largest[4];  // scores only: raised to the largest score of each token
  void* output;        // sums: int32 [rows][4]; scores: int16 [rows][4]
};

extern "C" {
/// output[row][t] = start[t] + row * batch
void tinyformer_rows_sums(TokenRowJob* job);
/// output[row][t] = clamp(zero_point + requantize(start[t] + row * batch, multiplier, -1), -128,
/// 127)
void tinyformer_rows_scores(TokenRowJob* job);
}

/// Whether rows.S has this output stage; other layers take the C++ loops.
constexpr bool rows_apply(const OutputS8& output) {
  return output.shift == -1 && output.min == -128 && output.max == 127;
}

static_assert(sizeof(void*) != 4 || sizeof(RowJob) == 44, "rows.S counts on these offsets");
static_assert(sizeof(void*) != 4 || sizeof(TokenRowJob) == 52, "rows.S counts on these offsets");

}  // namespace tinyformer::engine::arm
