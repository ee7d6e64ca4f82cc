// Rows of a block-sparse code times a batch of tokens.
#pragma once

#include <stdint.h>

#include "engine/arm/dense_rows.h"
#include "engine/arm/token_batch.h"
#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::arm {

/// Counts the stored blocks of every row, so that the inner loops need not look for row ends.
/// Returns the widest distance between two stored blocks (from block -1 to the first).
template <typename Reader>
int32_t count_records(const SparseWeights& weights, int32_t rows, int32_t row_blocks,
                      uint16_t* records) {
  Reader reader(weights);
  int32_t last = -1;
  int32_t widest = 0;
  for (int32_t row = 0; row < rows; ++row) {
    uint16_t count = 0;
    for (; reader.block() < (row + 1) * row_blocks; reader.next()) {
      ++count;
      widest = reader.block() - last > widest ? reader.block() - last : widest;
      last = reader.block();
    }
    records[row] = count;
  }
  return widest;
}

/// Steps through a code whose rows' records are counted: advance() takes the next stored block.
template <int kBlock>
class RunLengthCursor {
 public:
  static constexpr bool kHasDistances = true;  // its index is what rows.S reads
  static constexpr int kBlockSize = kBlock;
  using Reader = RunLengthReader<kBlock>;

  explicit RunLengthCursor(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values) {}

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
  using Reader = BitmapReader<kBlock>;

  explicit BitmapCursor(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values) {}

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

/// What four bits of a bitmap mean as distances between stored blocks.
struct Nibble {
  uint32_t distances = 0;  // a byte for each stored block; the first counts from before the nibble
  uint8_t count = 0;       // stored blocks
  uint8_t trailing = 0;    // blocks after the last stored one (4 when there is none)
  uint8_t keep = 0;        // 255 when there is none: what came before still counts; else 0
};

struct NibbleTable {
  constexpr NibbleTable() : entries() {
    for (int bits = 0; bits < 16; ++bits) {
      int last = -1;
      for (int block = 0; block < 4; ++block) {
        if ((bits >> block & 1) == 0) continue;
        entries[bits].distances |= static_cast<uint32_t>(block - last)
                                   << (8 * entries[bits].count++);
        last = block;
      }
      entries[bits].trailing = static_cast<uint8_t>(3 - last);
      entries[bits].keep = last < 0 ? 255 : 0;
    }
  }
  Nibble entries[16];
};

inline constexpr NibbleTable kNibbles;

/// Turns a bitmap into the distances of run length, eight blocks at a time.
///
/// Needs  no two stored blocks more than 255 apart
class BitmapDecoder {
 public:
  explicit BitmapDecoder(const uint8_t* index) : index_(index) {}

  /// Writes distances up to at least `end`; returns where they stop, at most 7 further. Memory: 4
  /// more bytes are written over.
  uint8_t* decode(uint8_t* to, const uint8_t* end) {
    while (to < end) {
      const uint32_t bits = *index_++;
      to = put(kNibbles.entries[bits & 15], to);
      to = put(kNibbles.entries[bits >> 4], to);
    }
    return to;
  }

 private:
  uint8_t* put(const Nibble& nibble, uint8_t* to) {
    const uint32_t distances = nibble.distances + before_;
    __builtin_memcpy(to, &distances, sizeof distances);
    before_ = (before_ & nibble.keep) + nibble.trailing;
    return to + nibble.count;
  }

  const uint8_t* index_;
  uint32_t before_ = 0;  // blocks since the last stored one
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
/// Memory  scratch as sparse_scratch_bytes: batches, decoded distances, records of each row
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
        row_blocks_(length / Cursor::kBlockSize),
        batch_words_(batch_words(length)),
        room_(2 * sparse_distances(length / 2)),
        batch_(scratch),
        distances_(reinterpret_cast<uint8_t*>(scratch + batches * batch_words_)),
        records_(reinterpret_cast<uint16_t*>(distances_ + room_)),
        cursor_(weights),
        decoder_(weights.index) {
    const int32_t widest_gap =
        count_records<typename Cursor::Reader>(weights, rows, row_blocks_, records_);
    apply_ = rows_apply(output) && widest_gap <= UINT8_MAX;
  }

  /// Goes back to row 0, for new batches.
  void restart() {
    cursor_ = Cursor(weights_);
    decoder_ = BitmapDecoder(weights_.index);
    decoded_ = 0;
    // The place of block -1; an address only, nothing is read there.
    const uintptr_t before = reinterpret_cast<uintptr_t>(batch_) - Layout::kGroupWords * 4;
    job_ = {weights_.index,
            weights_.values,
            reinterpret_cast<const Word*>(before),
            reinterpret_cast<uintptr_t>(records_),
            row_blocks_ * Layout::kGroupWords * 4,
            bias_,
            output_.multiplier,
            output_.zero_point,
            0,
            nullptr,
            0};
  }

  /// Computes the rows that follow those of the last call (or of restart), for 1 to 3 tokens or any
  /// number of whole batches; the batches' contents may have changed since.
  void compute(const RowRange& range) {
    if (!apply_ || range.tokens < kTokenBatch) return compute_portable(range);
    // As many rows at a time as distances_ holds: all batches find them decoded and in the cache.
    const int32_t end = range.first + range.count;
    for (int32_t row = range.first; row < end;) {
      int32_t needed = 0;
      int32_t stop = row;
      // The decoder runs over by up to 11 bytes.
      for (; stop < end && needed + records_[stop] <= room_ - 12; ++stop) needed += records_[stop];
      compute_rows(range, row, stop, needed);
      row = stop;
    }
  }

 private:
  // Rows [row, stop), which have `records` stored blocks.
  void compute_rows(const RowRange& range, int32_t row, int32_t stop, int32_t records) {
    int32_t stored = 0;
    if constexpr (!Cursor::kHasDistances) {
      uint8_t* end = decoder_.decode(distances_ + decoded_, distances_ + records);
      stored = static_cast<int32_t>(end - distances_);
      job_.index = distances_;
    }
    RowJob job;
    for (int32_t token = 0; token < range.tokens; token += kTokenBatch) {
      job = job_;
      job.batch += token / kTokenBatch * batch_words_;
      job.rows = stop - row;
      job.y = range.y + token * range.stride + row;
      job.stride = range.stride;
      Cursor::kBlockSize == 4 ? tinyformer_rows_quads(&job) : tinyformer_rows_pairs(&job);
    }
    job_ = job;
    job_.batch -= (range.tokens / kTokenBatch - 1) * batch_words_;
    if constexpr (!Cursor::kHasDistances) {
      decoded_ = stored - records;
      memmove(distances_, distances_ + records, static_cast<size_t>(decoded_));
    }
  }

  void compute_portable(const RowRange& range) {
    for (int32_t o = range.first; o < range.first + range.count; ++o) {
      const Cursor start = cursor_;
      for (int32_t token = 0; token < range.tokens; token += kTokenBatch) {
        const int32_t left = range.tokens - token;
        BatchSums sums = {bias_[o], bias_[o], bias_[o], bias_[o]};
        cursor_ = start;
        add_records(cursor_, records_[o], o * row_blocks_,
                    batch_ + token / kTokenBatch * batch_words_, sums);
        store_batch(output_, o, sums, left < kTokenBatch ? left : kTokenBatch,
                    range.y + token * range.stride + o, range.stride);
      }
    }
  }

  const SparseWeights& weights_;
  const int32_t* bias_;
  const OutputS8& output_;
  int32_t row_blocks_;
  int32_t batch_words_;
  int32_t room_;  // bytes at distances_
  Word* batch_;
  uint8_t* distances_;
  uint16_t* records_;
  Cursor cursor_;
  bool apply_;
  BitmapDecoder decoder_;
  int32_t decoded_ = 0;  // distances that are left over from the last call
  RowJob job_ = {};
};

}  // namespace tinyformer::engine::arm
