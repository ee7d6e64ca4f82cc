// Rows of weights times a batch of four tokens: what rows.S needs to know, and when it applies.
#pragma once

#include <stdint.h>

#include "engine/arm/dsp.h"
#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine::arm {

/// A run of rows for one batch. Pointers move on as rows are computed, so that a next call goes on
/// where the last one stopped. rows.S knows the offsets.
struct RowJob {
  const Word* batch;        // dense: the batch; sparse: the group of the last block (at first, of
                            // block -1)
  const int32_t* bias;      // of the first row
  const uint8_t* index;     // sparse: distances between stored blocks; one more than there are is
                            // read, whatever it says
  const int8_t* weights;    // sparse: the blocks' values; dense: rows without gaps
  intptr_t multiplier;      // bytes from a row's bias to its multiplier
  const int32_t* bias_end;  // of the last row, > bias
  uintptr_t y;              // y of token 0, less (address of the bias + 4) / 4
  int32_t stride;           // between tokens of y; rows are 1 apart
  int32_t zero_point;
  int32_t batch_bytes;  // sparse: size of the batch, by which block numbers go on at row ends;
                        // dense: bytes by which a row's quads overlap the next row
  uintptr_t groups;  // dense: quads of a row, > 0; sparse: where a row's number of blocks (uint16)
                     // lies, less (address of its bias) / 2

  /// The job is the next `rows` rows, > 0; y of token 0 and the first of them.
  void set_rows(int32_t rows, int8_t* first_y, int32_t y_stride) {
    bias_end = bias + rows;
    y = reinterpret_cast<uintptr_t>(first_y) - ((reinterpret_cast<uintptr_t>(bias) + 4) >> 2);
    stride = y_stride;
  }
};

/// Bytes between two addresses, which need not lie in one array.
inline intptr_t distance(const void* from, const void* to) {
  return static_cast<intptr_t>(reinterpret_cast<uintptr_t>(to) - reinterpret_cast<uintptr_t>(from));
}

/// y = clamp(zero_point + requantize(bias + row * batch, multiplier, -1), -128, 127), four tokens
extern "C" {
void tinyformer_rows_dense(RowJob* job);
void tinyformer_rows_quads(RowJob* job);
void tinyformer_rows_pairs(RowJob* job);
}

/// Dense rows whose sums start at a value of each token, for attention.
struct TokenRowJob {
  const int8_t* weights;      // [rows][4 * quads]
  const int8_t* weights_end;  // behind the last row; there is at least one
  const Word* batch;
  int32_t quads;  // > 0
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

/// Whether rows.S has this output stage, but for its limits (limit_bytes); other layers take the
/// C++ loops.
constexpr bool rows_apply(const OutputS8& output) { return output.shift == -1; }

static_assert(sizeof(void*) != 4 || sizeof(RowJob) == 44, "rows.S counts on these offsets");
static_assert(sizeof(void*) != 4 || sizeof(TokenRowJob) == 52, "rows.S counts on these offsets");

}  // namespace tinyformer::engine::arm
