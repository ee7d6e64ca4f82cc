// Dense rows times a batch of tokens: rows.S where it applies, else C++.
#pragma once

#include <stdint.h>

#include "engine/arm/rows.h"
#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {

/// Where the rows of a batch go: output channels [first, first + count), y of token 0 and output
/// channel 0, and the distance between tokens.
struct RowRange {
  int32_t first;
  int32_t count;
  int32_t tokens;  // 1 to 4; sparse rows: also several batches of 4
  int8_t* y;
  int32_t stride;
};

/// Rows of `length` weights times a batch in QuadLayout, whose values past `length` are 0.
///
/// Shapes  weights [out][length]; `out` is where the array ends
inline void compute_dense_rows(const int8_t* weights, int32_t length, int32_t out,
                               const int32_t* bias, const OutputS8& output, const Word* batch,
                               const RowRange& range) {
  int32_t o = range.first;
  const int32_t end = range.first + range.count;
  if (range.tokens == kTokenBatch && rows_apply(output)) {
    // The last quad of a row may reach into the next row, where it meets zeros; the array's last
    // row has none after it.
    const int32_t quads = (length + 3) / 4;
    const int32_t last = length % 4 != 0 && end == out ? end - 1 : end;
    RowJob job = {nullptr,
                  weights + o * length,
                  batch,
                  static_cast<uintptr_t>(quads),
                  4 * quads - length,
                  bias + o,
                  output.multiplier + o,
                  output.zero_point,
                  last - o,
                  range.y + o,
                  range.stride};
    if (job.rows > 0) tinyformer_rows_dense(&job);
    o = last;
  }
  for (; o < end; ++o) {
    BatchSums sums = {bias[o], bias[o], bias[o], bias[o]};
    add_dense(weights + o * length, length, batch, sums);
    store_batch(output, o, sums, range.tokens, range.y + o, range.stride);
  }
}

}  // namespace tinyformer::engine::arm
