// Rows of a block-sparse code times a batch of tokens.
#pragma once

#include <stdint.h>

#include "engine/arm/token_batch.h"
#include "tinyformer/engine/block_reader.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::arm {

/// Counts the stored blocks of every row, so that the inner loops need not look for row ends.
template <typename Reader>
void count_records(const SparseWeights& weights, int32_t rows, int32_t row_blocks,
                   uint16_t* records) {
  Reader reader(weights);
  for (int32_t row = 0; row < rows; ++row) {
    uint16_t count = 0;
    for (; reader.block() < (row + 1) * row_blocks; reader.next()) ++count;
    records[row] = count;
  }
}

/// Steps through a code whose rows' records are counted: advance() takes the next stored block.
template <int kBlock>
class RunLengthCursor {
 public:
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
inline void add_records(Cursor& cursor, int32_t records, int32_t first_block, const uint32_t* batch,
                        BatchSums& sums) {
  using Layout = typename BlockLayout<Cursor::kBlockSize>::Layout;
  for (; records > 0; --records) {
    const uint32_t* group = batch + (cursor.advance() - first_block) * Layout::kGroupWords;
    const int8_t* values = cursor.take();
    if constexpr (Cursor::kBlockSize == 4) {
      add_quad(load_word(static_cast<const int8_t*>(__builtin_assume_aligned(values, 4))), group,
               sums);
    } else {
      add_pair(values, group, sums);
    }
  }
}

}  // namespace tinyformer::engine::arm
