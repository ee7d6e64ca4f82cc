// Rows of a block-sparse code times a batch of tokens.
#pragma once

#include <stdint.h>

#include "engine/arm/bitmap.h"
#include "engine/arm/dense_rows.h"
#include "engine/arm/token_batch.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::arm {

// Both counts below write the stored blocks of each row to records[row], so that the inner loops
// need not look for row ends.

/// Run length: index holds `left` distances, fours of which are added up at a time. Returns the
/// last row that has a stored block; 0 when none has.
__attribute__((noinline)) inline int32_t count_distances(const uint8_t* index, int32_t left,
                                                         int32_t rows, int32_t row_blocks,
                                                         uint16_t* records) {
  int32_t last_stored = 0;
  uint32_t block = UINT32_MAX;  // -1
  uint32_t end = 0;
  for (int32_t row = 0; row < rows; ++row) {
    const uint8_t* const first = index;
    end += static_cast<uint32_t>(row_blocks);
    for (; left >= 4; left -= 4, index += 4) {
      const uint32_t next = add_bytes(load_word(reinterpret_cast<const int8_t*>(index)), block);
      if (next >= end) break;
      block = next;
    }
    for (; left > 0 && block + *index < end; --left) block += *index++;
    records[row] = static_cast<uint16_t>(index - first);
    if (index != first) last_stored = row;
  }
  return last_stored;
}

/// The bits of a byte that are 1.
constexpr int32_t bits_set(uint32_t byte) {
  byte -= byte >> 1 & 0x55;
  byte = (byte & 0x33) + (byte >> 2 & 0x33);
  return static_cast<int32_t>((byte + (byte >> 4)) & 15);
}

/// Bitmap: bits [rows * row_blocks].
__attribute__((noinline)) inline void count_bits(const uint8_t* index, int32_t rows,
                                                 int32_t row_blocks, uint16_t* records) {
  const uint8_t* at = index;
  int32_t whole = 0;   // bits set in the bytes before `at`
  int32_t before = 0;  // in the rows before this one
  for (int32_t row = 0; row < rows; ++row) {
    const int32_t end = (row + 1) * row_blocks;
    for (const uint8_t* const last = index + end / 8; at < last; ++at) whole += bits_set(*at);
    const int32_t cut = end % 8 != 0 ? bits_set(*at & ((1u << end % 8) - 1)) : 0;
    records[row] = static_cast<uint16_t>(whole + cut - before);
    before = whole + cut;
  }
}

/// Steps through a code whose rows' records are counted: advance() takes the next stored block.
template <int kBlock>
class RunLengthCursor {
 public:
  static constexpr bool kHasDistances = true;  // its index is what rows.S reads
  static constexpr int kBlockSize = kBlock;

  explicit RunLengthCursor(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values) {}

  /// As count_distances.
  static int32_t count(const SparseWeights& weights, int32_t rows, int32_t row_blocks,
                       uint16_t* records) {
    return count_distances(weights.index, weights.records, rows, row_blocks, records);
  }

  /// Returns the block's number.
  int32_t advance() { return block_ += *index_++; }
  /// The weights of the block that advance() returned, then moves past them.
  const int8_t* take() {
    const int8_t* values = values_;
    values_ += kBlock;
    return values;
  }

 private:
  const uint8_t* index_;
  const int8_t* values_;
  int32_t block_ = -1;
};

template <int kBlock>
class BitmapCursor {
 public:
  static constexpr bool kHasDistances = false;
  static constexpr int kBlockSize = kBlock;

  explicit BitmapCursor(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values) {}

  /// As count_bits; returns 0.
  static int32_t count(const SparseWeights& weights, int32_t rows, int32_t row_blocks,
                       uint16_t* records) {
    count_bits(weights.index, rows, row_blocks, records);
    return 0;
  }

  int32_t advance() {
    while (bits_ == 0) {
      bits_ = *index_++;
      base_ += 8;
    }
    const int32_t block = base_ + __builtin_ctz(bits_);
    bits_ &= bits_ - 1;
    return block;
  }
  const int8_t* take() {
    const int8_t* values = values_;
    values_ += kBlock;
    return values;
  }

 private:
  const uint8_t* index_;
  const int8_t* values_;
  int32_t base_ = -8;
  uint32_t bits_ = 0;
};

/// The layout in which one block of a cursor is one group.
template <int kBlock>
struct BlockLayout;
template <>
struct BlockLayout<2> {
  using Layout = PairLayout;
};
template <>
struct BlockLayout<4> {
  using Layout = QuadLayout;
};

/// Adds one row (its `records` next blocks, block numbers counted from `first_block`) times the
/// batch in the cursor's layout.
template <typename Cursor>
inline void add_records(Cursor& cursor, int32_t records, int32_t first_block, const Word* batch,
                        BatchSums& sums) {
  using Layout = typename BlockLayout<Cursor::kBlockSize>::Layout;
  for (; records > 0; --records) {
    const Word* group = batch + (cursor.advance() - first_block) * Layout::kGroupWords;
    const int8_t* values = cursor.take();
    if constexpr (Cursor::kBlockSize == 4) {
      add_quad(load_word(values), group, sums);
    } else {
      add_pair(values, group, sums);
    }
  }
}

/// A block-sparse matrix that is multiplied by one run of batches after the other.
///
/// Memory  scratch as sparse_scratch_bytes: the batches in the cursor's layout, whose values past
///         the length stay 0, then what this class needs
template <typename Cursor>
class SparseRows {
 public:
  using Layout = typename BlockLayout<Cursor::kBlockSize>::Layout;

  /// Counts the records. `length` is that of a row, in weights; `batches` at most lie in scratch.
  SparseRows(const SparseWeights& weights, const int32_t* bias, const OutputS8& output,
             int32_t rows, int32_t length, int32_t batches, Word* scratch)
      : weights_(weights),
        bias_(bias),
        output_(output),
        rows_(rows),
        row_blocks_(length / Cursor::kBlockSize),
        batch_words_(batch_words(length)),
        room_(2 * sparse_distances(length / 2)),
        batch_(scratch),
        distances_(reinterpret_cast<uint8_t*>(scratch + batches * batch_words_)),
        records_(reinterpret_cast<uint16_t*>(distances_ + room_)),
        spare_(reinterpret_cast<int8_t*>(records_) + round_up(2 * rows, 4)),
        last_stored_(Cursor::count(weights, rows, row_blocks_, records_)),
        cursor_(weights),
        decoder_(bitmap_start()) {
    memset(scratch, 0, static_cast<size_t>(batches * batch_words_) * sizeof(Word));
  }

  /// Goes back to row 0, for new batches.
  void restart() {
    cursor_ = Cursor(weights_);
    decoder_ = bitmap_start();
    decoded_ = 0;
    job_ = {};
    // The place of block -1; an address only, nothing is read there.
    job_.batch = reinterpret_cast<const Word*>(reinterpret_cast<uintptr_t>(batch_) -
                                               Layout::kGroupWords * sizeof(Word));
    job_.bias = bias_;
    job_.index = weights_.index;
    job_.weights = weights_.values;
    job_.multiplier = distance(bias_, output_.multiplier);
    job_.zero_point = output_.zero_point;
    job_.batch_bytes = row_blocks_ * Layout::kGroupWords * static_cast<int32_t>(sizeof(Word));
    job_.groups = reinterpret_cast<uintptr_t>(records_) - (reinterpret_cast<uintptr_t>(bias_) >> 1);
  }

  /// Computes the rows that follow those of the last call (or of restart), for 1 to 3 tokens or any
  /// number of whole batches; the batches' contents may have changed since.
  void compute(const RowRange& range) {
    if (!rows_apply(output_)) return compute_portable(range);
    if (range.tokens < kTokenBatch) {
      return compute_partial(range, spare_, [this](const RowRange& whole) { compute(whole); });
    }
    const int32_t end = range.first + range.count;
    int32_t row = range.first;
    if constexpr (Cursor::kHasDistances) {
      // rows.S reads one distance ahead: those of the last row that has any are copied.
      if (row < last_stored_) {
        const int32_t stop = end < last_stored_ ? end : last_stored_;
        compute_rows(range, row, stop);
        row = stop;
      }
      if (row < end) {
        if (row == last_stored_) memcpy(distances_, job_.index, records_[row]);
        job_.index = distances_;
        compute_rows(range, row, end);
      }
    } else {
      // As many rows at a time as distances_ holds: all batches find them decoded and in the cache.
      while (row < end) {
        int32_t needed = 0;
        int32_t stop = row;
        // The decoder runs over by up to 11 bytes.
        for (; stop < end && needed + records_[stop] <= room_ - 12; ++stop)
          needed += records_[stop];
        uint8_t* decoded =
            tinyformer_decode_bitmap(&decoder_, distances_ + decoded_, distances_ + needed);
        job_.index = distances_;
        compute_rows(range, row, stop);
        decoded_ = static_cast<int32_t>(decoded - distances_) - needed;
        memmove(distances_, distances_ + needed, static_cast<size_t>(decoded_));
        row = stop;
      }
    }
  }

 private:
  BitmapPosition bitmap_start() const {
    return {weights_.index, 0, kNibbles.entries, weights_.index + (rows_ * row_blocks_ - 1) / 8};
  }

  // Rows [row, stop), not empty, of every batch.
  __attribute__((noinline)) void compute_rows(const RowRange& range, int32_t row, int32_t stop) {
    RowJob job;
    for (int32_t token = 0; token < range.tokens; token += kTokenBatch) {
      job = job_;
      job.batch += token / kTokenBatch * batch_words_;
      job.set_rows(stop - row, range.y + token * range.stride + (row - range.first), range.stride);
      Cursor::kBlockSize == 4 ? tinyformer_rows_quads(&job) : tinyformer_rows_pairs(&job);
    }
    job_ = job;
    job_.batch -= (range.tokens / kTokenBatch - 1) * batch_words_;
  }

  __attribute__((noinline)) void compute_portable(const RowRange& range) {
    for (int32_t o = range.first; o < range.first + range.count; ++o) {
      const Cursor start = cursor_;
      for (int32_t token = 0; token < range.tokens; token += kTokenBatch) {
        const int32_t left = range.tokens - token;
        BatchSums sums = {bias_[o], bias_[o], bias_[o], bias_[o]};
        cursor_ = start;
        add_records(cursor_, records_[o], o * row_blocks_,
                    batch_ + token / kTokenBatch * batch_words_, sums);
        store_batch(output_, o, sums, left < kTokenBatch ? left : kTokenBatch,
                    range.y + token * range.stride + (o - range.first), range.stride);
      }
    }
  }

  const SparseWeights& weights_;
  const int32_t* bias_;
  const OutputS8& output_;
  int32_t rows_;
  int32_t row_blocks_;
  int32_t batch_words_;
  int32_t room_;  // bytes at distances_
  Word* batch_;
  uint8_t* distances_;
  uint16_t* records_;
  int8_t* spare_;        // a partial batch's outputs
  int32_t last_stored_;  // run length: last row that has a stored block
  Cursor cursor_;
  BitmapPosition decoder_;
  int32_t decoded_ = 0;  // distances that are left over from the last rows
  RowJob job_ = {};
};

}  // namespace tinyformer::engine::arm
