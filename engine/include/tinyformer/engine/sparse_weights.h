// Block-sparse int8 weights as the kernels read them: an index stream and stored blocks.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// One layer's block-sparse weights.
///
/// The weights are flattened (linear [out][in], conv2d [out][kh][kw][in], depthwise
/// [channel][kh][kw]) and cut into blocks of b consecutive values; b is in the kernel's name and
/// divides the inner dimension, so no block crosses a row. Blocks are numbered 0.. over the whole
/// layer. Blocks that are not stored are zero.
///
/// Run length   index[i] = distance in blocks from stored block i - 1 (for i = 0 from block number
/// (`_rlc<b>`)  -1), in [1, 255]. Longer gaps are bridged by filler blocks, stored zeros.
///
/// Bitmap          bit (j % 8), least significant first, of index[j / 8] is 1 when block j is
/// (`_bitmap<b>`)  stored. Bits past the last block are 0. Stored blocks are at most 255 apart (the
///                 first: from -1), as in run length.
///
/// Shapes  index: run length [records], bitmap [ceil(blocks / 8)]; values [records][b]
/// Memory  values is 4-byte aligned; nothing outside the two arrays is read
/// Errors  none: the encoder proves the preconditions (compiler/sparse)
/// Source  TinyFormer III-D1, Eq. 5; docs/sparse_format.md (stream layout: the same bytes, split)
struct SparseWeights {
  const uint8_t* index;
  const int8_t* values;
  int32_t records;  // stored blocks, fillers included
};

/// Block distances that the kernels decode at a time: at least a row of `row_blocks`.
constexpr int32_t sparse_distances(int32_t row_blocks) {
  return row_blocks < 256 ? 256 : (row_blocks + 1) / 2 * 2;
}

/// Batches of tokens that the kernels widen at once, so that one decoding serves them all: up to
/// eight within 16 KB, but two whatever their size, and no more than there are.
constexpr int32_t sparse_batches(int32_t tokens, int32_t length) {
  const int32_t batch_bytes = kTokenBatch * 2 * round_up(length, 4);
  const int32_t fitting = 16384 / batch_bytes;
  const int32_t wanted = fitting < 2 ? 2 : (fitting > 8 ? 8 : fitting);
  const int32_t batches = round_up(tokens, kTokenBatch) / kTokenBatch;
  return batches < wanted ? batches : wanted;
}

/// Scratch of every sparse linear layer and convolution: the batches, decoded distances, the number
/// of records of each of `rows` rows of `length` weights, a partial batch's outputs.
constexpr int32_t sparse_scratch_bytes(int32_t tokens, int32_t length, int32_t rows) {
  return sparse_batches(tokens, length) * kTokenBatch * 2 * round_up(length, 4) +
         2 * sparse_distances(length / 2) + round_up(2 * rows, 4) +
         partial_batch_bytes(tokens, rows);
}

}  // namespace tinyformer::engine
