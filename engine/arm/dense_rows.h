// Dense rows times batches of tokens: rows.S where it applies, else C++.
#pragma once

#include <stdint.h>

#include "engine/arm/rows.h"
#include "engine/arm/token_batch.h"

namespace tinyformer::engine::arm {

/// Where the rows of a batch go: output channels [first, first + count), y of token 0 and channel
/// `first`, and the distance between tokens.
struct RowRange {
  int32_t first;
  int32_t count;
  int32_t tokens;  // 1 to 4; sparse rows: also several batches of 4
  int8_t* y;
  int32_t stride;
};

/// Computes fewer tokens than a batch: compute(range) of a whole one into spare
/// [kTokenBatch][count], then a copy.
template <typename Compute>
inline void compute_partial(const RowRange& range, int8_t* spare, Compute compute) {
  compute(RowRange{range.first, range.count, kTokenBatch, spare, range.count});
  for (int32_t t = 0; t < range.tokens; ++t) {
    memcpy(range.y + t * range.stride, spare + t * range.count, static_cast<size_t>(range.count));
  }
}

/// Limits outputs that rows.S left in [-128, 127] to the layer's own limits.
__attribute__((noinline)) inline void limit_outputs(const OutputS8& output, int8_t* y,
                                                    int32_t count) {
  if (output.min == -128 && output.max == 127) return;
  const uint32_t low = static_cast<uint8_t>(output.min) * 0x01010101u;
  const uint32_t high = static_cast<uint8_t>(output.max) * 0x01010101u;
  int8_t* const end = y + (count & ~3);
  for (; y != end; y += 4) {
    store_word(y, smaller_bytes(larger_bytes(load_word(y), low), high));
  }
  for (int32_t i = 0; i < (count & 3); ++i) {
    y[i] = static_cast<int8_t>(clamp(y[i], output.min, output.max));
  }
}

/// A dense matrix that is multiplied by one batch after the other.
///
/// Shapes  weights [rows][length]   bias, multiplier [rows]
/// Memory  scratch as dense_scratch_bytes: the batch in QuadLayout, whose values past `length` stay
///         0, then what this class needs
class DenseRows {
 public:
  using Layout = QuadLayout;

  DenseRows(const int8_t* weights, const int32_t* bias, const OutputS8& output, int32_t rows,
            int32_t length, void* scratch)
      : weights_(weights),
        bias_(bias),
        output_(output),
        rows_(rows),
        length_(length),
        batch_(static_cast<const Word*>(scratch)),
        last_row_(reinterpret_cast<int8_t*>(static_cast<Word*>(scratch) + batch_words(length))),
        spare_(last_row_ + (length % 4 != 0 ? round_up(length, 4) : 0)) {
    memset(scratch, 0, static_cast<size_t>(batch_words(length)) * sizeof(Word));
    if (length % 4 != 0) {
      memcpy(last_row_, weights + (rows - 1) * length, static_cast<size_t>(length));
      memset(last_row_ + length, 0, static_cast<size_t>(spare_ - last_row_ - length));
    }
  }

  void compute(const RowRange& range) const {
    // A quad of a row of one weight would reach over three rows.
    if (!rows_apply(output_) || length_ == 1) return compute_portable(range);
    if (range.tokens < kTokenBatch) {
      return compute_partial(range, spare_, [this](const RowRange& whole) { compute(whole); });
    }
    // The last quad of a row may reach into the next row, where it meets zeros; the array's last
    // row has none after it.
    const bool ends = length_ % 4 != 0 && range.first + range.count == rows_;
    const int32_t in_place = ends ? range.count - 1 : range.count;
    if (in_place > 0) compute_rows(range, range.first, in_place, weights_ + range.first * length_);
    if (ends) compute_rows(range, rows_ - 1, 1, last_row_);
  }

 private:
  __attribute__((noinline)) void compute_rows(const RowRange& range, int32_t row, int32_t count,
                                              const int8_t* weights) const {
    const int32_t quads = (length_ + 3) / 4;
    RowJob job = {};
    job.batch = batch_;
    job.bias = bias_ + row;
    job.weights = weights;
    job.multiplier = distance(bias_, output_.multiplier);
    job.zero_point = output_.zero_point;
    job.batch_bytes = 4 * quads - length_;
    job.groups = static_cast<uintptr_t>(quads);
    job.set_rows(count, range.y + (row - range.first), range.stride);
    tinyformer_rows_dense(&job);
  }

  __attribute__((noinline)) void compute_portable(const RowRange& range) const {
    for (int32_t i = 0; i < range.count; ++i) {
      const int32_t o = range.first + i;
      BatchSums sums = {bias_[o], bias_[o], bias_[o], bias_[o]};
      add_dense(weights_ + o * length_, length_, batch_, sums);
      store_batch(output_, o, sums, range.tokens, range.y + i, range.stride);
    }
  }

  const int8_t* weights_;
  const int32_t* bias_;
  const OutputS8& output_;
  int32_t rows_;
  int32_t length_;
  const Word* batch_;
  int8_t* last_row_;  // filled up with zeros; when length is no multiple of 4
  int8_t* spare_;     // a partial batch's outputs
};

}  // namespace tinyformer::engine::arm
