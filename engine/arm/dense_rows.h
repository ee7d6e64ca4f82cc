// Dense rows times a batch of tokens: rows.S where it applies, else C++.
#pragma once

#include <stdint.h>

#include "engine/arm/rows.h"
#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {

/// Where the rows of one batch go: output channels [first, first + count), y of token 0 and output
/// channel 0, and the distance between tokens.
struct RowRange {
  int32_t first;
  int32_t count;
  int32_t tokens;  // of the batch, 1 to 4
  int8_t* y;
  int32_t stride;
};

inline void compute_dense_rows(const int8_t* weights, int32_t length, const int32_t* bias,
                               const OutputS8& output, const uint32_t* batch,
                               const RowRange& range) {
  const int8_t* row = weights + range.first * length;
  if (range.tokens == kTokenBatch && length % 4 == 0 && rows_apply(output)) {
    RowJob job = {nullptr,
                  row,
                  batch,
                  static_cast<uintptr_t>(length / 4),
                  0,
                  bias + range.first,
                  output.multiplier + range.first,
                  output.zero_point,
                  range.count,
                  range.y + range.first,
                  range.stride};
    return tinyformer_rows_dense(&job);
  }
  for (int32_t o = range.first; o < range.first + range.count; ++o, row += length) {
    BatchSums sums = {bias[o], bias[o], bias[o], bias[o]};
    add_dense(row, length, batch, sums);
    store_batch(output, o, sums, range.tokens, range.y + o, range.stride);
  }
}

}  // namespace tinyformer::engine::arm
