// Decoders that walk the stored blocks of a sparse code in order.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine {

/// What block() returns after the last stored block: larger than any block number.
constexpr int32_t kNoBlock = INT32_MAX;

/// Walks a run length code whose blocks hold kBlock weights.
///
/// Example  for (RunLengthReader<4> r(weights); r.block() != kNoBlock; r.next()) use(r.values());
template <int kBlock>
class RunLengthReader {
 public:
  static constexpr int kBlockSize = kBlock;

  explicit RunLengthReader(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values), left_(weights.records) {
    block_ = left_ > 0 ? *index_ - 1 : kNoBlock;
  }

  /// Number of the current stored block, kNoBlock after the last.
  int32_t block() const { return block_; }
  /// Its kBlock weights.
  const int8_t* values() const { return values_; }
  void next() {
    values_ += kBlock;
    block_ = --left_ > 0 ? block_ + *++index_ : kNoBlock;
  }

 private:
  const uint8_t* index_;
  const int8_t* values_;
  int32_t left_;
  int32_t block_;
};

/// Walks a bitmap code whose blocks hold kBlock weights; used like RunLengthReader.
template <int kBlock>
class BitmapReader {
 public:
  static constexpr int kBlockSize = kBlock;

  explicit BitmapReader(const SparseWeights& weights)
      : index_(weights.index), values_(weights.values), left_(weights.records) {
    find();
  }

  int32_t block() const { return block_; }
  const int8_t* values() const { return values_; }
  void next() {
    values_ += kBlock;
    --left_;
    find();
  }

 private:
  // Takes the lowest bit that is left, reading on until there is one.
  void find() {
    if (left_ <= 0) {
      block_ = kNoBlock;
      return;
    }
    while (bits_ == 0) {
      bits_ = *index_++;
      base_ += 8;
    }
    block_ = base_ + __builtin_ctz(bits_);
    bits_ &= bits_ - 1;
  }

  const uint8_t* index_;
  const int8_t* values_;
  int32_t left_;
  int32_t block_ = kNoBlock;
  int32_t base_ = -8;
  uint32_t bits_ = 0;
};

}  // namespace tinyformer::engine
