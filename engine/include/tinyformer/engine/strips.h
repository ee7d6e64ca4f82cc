// Chains of layers by strips of rows, so that the tensors between them are never whole in memory.
#pragma once

#include <stdint.h>
#include <string.h>

#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/pool2d_s8.h"

namespace tinyformer::engine {

/// How the middle of a chain is computed: a layer whose outputs see windows of rows
/// (depthwise_conv2d, max_pool2d), after a layer that can make those rows one by one (linear,
/// conv2d) and before one that takes its outputs one by one (linear), if any.
struct StripShape {
  int32_t in_h;      // rows of its input
  int32_t out_h;     // rows of its output
  int32_t window_h;  // rows that one output row sees: dilation_h * (kernel_h - 1) + 1
  int32_t stride_h;
  int32_t pad_top;
  int32_t row_bytes;  // of an input row
  int32_t rows;       // output rows of a strip, the last one may have fewer
  int32_t padding;    // what rows outside the input hold: a zero point, -128 for a maximum
};

/// Input rows that `rows` output rows see.
constexpr int32_t strip_window_rows(const StripShape& s, int32_t rows) {
  return (rows - 1) * s.stride_h + s.window_h;
}

/// Bytes of the input rows that are in memory at a time.
constexpr int32_t strip_bytes(const StripShape& s) {
  return strip_window_rows(s, s.rows) * s.row_bytes;
}

/// Walks the strips from top to bottom. In each, the layer before writes made_rows() rows from row
/// made_first() of its output to made(), the windowed layer reads window() as its whole input
/// (strip_window) and gives output rows [first(), first() + rows()). It may write them over
/// window(), as long as an output row is not longer than stride_h input rows.
class Strips {
 public:
  /// rows: strip_bytes, kept while the chain runs.
  Strips(const StripShape& shape, int8_t* rows) : s_(shape), memory_(rows) { begin(); }

  bool more() const { return first_ < s_.out_h; }
  void next() {
    const int32_t before = top();
    first_ += s_.rows;
    if (!more()) return;
    const int32_t kept = top() < 0 ? 0 : top();
    if (kept < end_) {
      memmove(at(kept - top()), at(kept - before),
              static_cast<size_t>((end_ - kept) * s_.row_bytes));
    }
    begin();
  }

  int32_t first() const { return first_; }
  int32_t rows() const { return s_.out_h - first_ < s_.rows ? s_.out_h - first_ : s_.rows; }
  int32_t made_first() const { return made_; }
  int32_t made_rows() const { return end_ - made_; }
  int8_t* made() const { return at(made_ - top()); }
  int8_t* window() const { return memory_; }

 private:
  int32_t top() const { return first_ * s_.stride_h - s_.pad_top; }
  int8_t* at(int32_t row) const { return memory_ + row * s_.row_bytes; }
  static int32_t limit(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : (value > high ? high : value);
  }

  // What is new in this strip, and its rows outside the input.
  void begin() {
    const int32_t bottom = top() + strip_window_rows(s_, rows());
    made_ = limit(top() > end_ ? top() : end_, 0, s_.in_h);
    end_ = limit(bottom, made_, s_.in_h);
    pad(top(), bottom < 0 ? bottom : 0);
    pad(top() > s_.in_h ? top() : s_.in_h, bottom);
  }
  void pad(int32_t from, int32_t to) {
    if (from >= to) return;
    memset(at(from - top()), s_.padding, static_cast<size_t>((to - from) * s_.row_bytes));
  }

  const StripShape& s_;
  int8_t* memory_;
  int32_t first_ = 0;  // output row
  int32_t made_ = 0;   // input rows [made_, end_) are new in this strip
  int32_t end_ = 0;
};

/// A linear layer (LinearS8, LinearS8Sparse) of that many tokens.
template <typename Linear>
constexpr Linear strip_tokens(const Linear& layer, int32_t tokens) {
  Linear part = layer;
  part.tokens = tokens;
  return part;
}

/// First input row that output row `first` of a convolution reads: its part starts there.
constexpr int32_t strip_start(const Conv2dShape& s, int32_t first) {
  const int32_t row = first * s.stride_h - s.pad_top;
  return row < 0 ? 0 : row;
}

/// A convolution (Conv2dS8, Conv2dS8Sparse) of output rows [first, first + rows).
template <typename Convolution>
constexpr Convolution strip_rows(const Convolution& layer, int32_t first, int32_t rows) {
  Convolution part = layer;
  const int32_t start = strip_start(layer.shape, first);
  part.shape.in_h = layer.shape.in_h - start;
  part.shape.pad_top = start - (first * layer.shape.stride_h - layer.shape.pad_top);
  part.shape.out_h = rows;
  return part;
}

/// A depthwise convolution (dense or sparse) of `rows` output rows and just the rows that they see.
template <typename Depthwise>
constexpr Depthwise strip_window(const Depthwise& layer, int32_t rows) {
  Depthwise part = layer;
  part.shape.in_h =
      (rows - 1) * layer.shape.stride_h + layer.shape.dilation_h * (layer.shape.kernel_h - 1) + 1;
  part.shape.pad_top = 0;
  part.shape.out_h = rows;
  return part;
}

/// The same for max_pool2d.
constexpr Pool2dShape strip_window(const Pool2dShape& layer, int32_t rows) {
  Pool2dShape part = layer;
  part.in_h = (rows - 1) * layer.stride_h + layer.kernel_h;
  part.pad_top = 0;
  part.out_h = rows;
  return part;
}

}  // namespace tinyformer::engine
