// Block-sparse linear layers: the plain meaning, one token at a time.
#include "tinyformer/engine/linear_s8_sparse.h"

#include <string.h>

#include "tinyformer/engine/block_reader.h"

namespace tinyformer::engine::ref {
namespace {

template <typename Reader>
void linear(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  int8_t* const token = static_cast<int8_t*>(scratch);
  const int32_t row_blocks = layer.in / Reader::kBlockSize;
  for (int32_t t = 0; t < layer.tokens; ++t) {
    memcpy(token, x, static_cast<size_t>(layer.in));  // y may lie over it
    Reader reader(layer.weights);
    for (int32_t o = 0; o < layer.out; ++o) {
      const int32_t row_start = o * row_blocks;
      int32_t acc = layer.bias[o];
      for (; reader.block() < row_start + row_blocks; reader.next()) {
        const int8_t* values = token + (reader.block() - row_start) * Reader::kBlockSize;
        for (int j = 0; j < Reader::kBlockSize; ++j) acc += values[j] * reader.values()[j];
      }
      *y++ = output_s8(layer.output, o, acc);
    }
    x += layer.in;
  }
}

}  // namespace

void linear_s8_rlc2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<RunLengthReader<2>>(layer, x, y, scratch);
}

void linear_s8_rlc4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<RunLengthReader<4>>(layer, x, y, scratch);
}

void linear_s8_bitmap2(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<BitmapReader<2>>(layer, x, y, scratch);
}

void linear_s8_bitmap4(const LinearS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch) {
  linear<BitmapReader<4>>(layer, x, y, scratch);
}

}  // namespace tinyformer::engine::ref
