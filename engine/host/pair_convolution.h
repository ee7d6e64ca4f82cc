// The host's linear layers and convolutions, dense or sparse: one driver around accumulate_pairs.
#pragma once

#include <stdint.h>
#include <string.h>

#include "engine/host/pair_products.h"
#include "tinyformer/engine/conv2d_window.h"
#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::host {

/// Sizes of what the driver keeps on the stack: an input band, accumulators, a row of weights, and
/// the offsets of the kernel taps.
constexpr int32_t kBandPairs = 1 << 16;
constexpr int32_t kBandColumns = 1 << 12;
constexpr int32_t kRowTerms = 1 << 13;
constexpr int32_t kTaps = 1 << 8;

/// A linear layer as a convolution: tokens are rows of a one-column image.
constexpr Conv2dShape linear_as_conv2d(int32_t tokens, int32_t in, int32_t out) {
  return {tokens, 1, in, tokens, 1, out, 1, 1, 1, 1, 0, 0, 1, 1, 1};
}

/// How a band of output rows sees its input: padded with the zero point, widened to pairs of
/// channels, and split by stride phase, so that one kernel tap is one offset for every column.
///
/// Pairs lie as [channel pair][row phase][column phase][height][width]; output (oy, ox) of the band
/// is column oy * width + ox, and columns with ox >= out_w are computed and dropped.
class PairBand {
 public:
  /// Takes a band of many output rows; rows() is 0 when not even one row fits the buffers.
  PairBand(const Conv2dShape& shape, int32_t channels);

  int32_t rows() const { return rows_; }
  int32_t width() const { return width_; }
  int32_t columns(int32_t rows) const { return (rows - 1) * width_ + shape_.out_w; }

  /// Where the pair of channels (channel, channel + 1), channel even, lies for kernel tap
  /// ky * kernel_w + kx.
  int32_t offset(int32_t tap, int32_t channel) const {
    return tap_offset_[tap] + channel / 2 * pair_size_;
  }

  /// Fills `pairs` [kBandPairs] for output rows from `first_row` on and channels from
  /// `first_channel` on.
  void load(const int8_t* x, int32_t zero_point, int32_t first_row, int32_t first_channel,
            Pair* pairs) const;

 private:
  int64_t height(int64_t rows) const;

  Conv2dShape shape_;
  int32_t channels_;
  int32_t rows_ = 0;
  int32_t width_ = 0;
  int32_t phase_size_ = 0;
  int32_t pair_size_ = 0;
  int32_t tap_offset_[kTaps];
};

/// y[j * stride] = clamp(zero_point + requantize(acc[j], multiplier, shift), min, max)
void store_column(const int32_t* acc, int32_t count, int32_t multiplier, const OutputS8& output,
                  int8_t* y, int32_t stride);

/// Runs a convolution whose weights come from `rows`: rows.restart() goes back to row 0, and
/// rows.terms(band, o, terms) writes the pairs of output channel o (asked for in ascending order)
/// and returns how many.
///
/// Errors  false: the layer is too large for the stack buffers and nothing was written
template <typename Rows>
bool convolve_pairs(const Conv2dShape& shape, int32_t x_zero_point, const int32_t* bias,
                    const OutputS8& output, const int8_t* x, int8_t* y, Rows rows) {
  const int32_t group_in = shape.in_channels / shape.groups;
  const int32_t group_out = shape.out_channels / shape.groups;
  const PairBand band(shape, group_in);
  if (band.rows() == 0) return false;
  Pair pairs[kBandPairs];
  PairTerm terms[kRowTerms];
  int32_t acc[kBandColumns + kColumnStep];
  for (int32_t oy = 0; oy < shape.out_h; oy += band.rows()) {
    const int32_t band_rows = shape.out_h - oy < band.rows() ? shape.out_h - oy : band.rows();
    rows.restart();
    for (int32_t o = 0; o < shape.out_channels; ++o) {
      if (o % group_out == 0) band.load(x, x_zero_point, oy, o / group_out * group_in, pairs);
      const int32_t count = rows.terms(band, o, terms);
      accumulate_pairs(terms, count, pairs, band.columns(band_rows), bias[o], acc);
      for (int32_t row = 0; row < (band.width() == shape.out_w ? 1 : band_rows); ++row) {
        const int32_t columns = band.width() == shape.out_w ? band.columns(band_rows) : shape.out_w;
        store_column(acc + row * band.width(), columns, output.multiplier[o], output,
                     y + (oy + row) * shape.out_w * shape.out_channels + o, shape.out_channels);
      }
    }
  }
  return true;
}

/// The rows of dense weights [out][taps][channels].
class DenseRows {
 public:
  DenseRows(const int8_t* weights, int32_t taps, int32_t channels)
      : weights_(weights), taps_(taps), channels_(channels) {}

  void restart() {}
  int32_t terms(const PairBand& band, int32_t o, PairTerm* terms) const {
    const int8_t* w = weights_ + o * taps_ * channels_;
    int32_t count = 0;
    for (int32_t tap = 0; tap < taps_; ++tap, w += channels_) {
      for (int32_t c = 0; c < channels_; c += 2) {
        const Pair pair = {w[c], static_cast<int16_t>(c + 1 < channels_ ? w[c + 1] : 0)};
        terms[count++] = {band.offset(tap, c), pair};
      }
    }
    return count;
  }

 private:
  const int8_t* weights_;
  int32_t taps_;
  int32_t channels_;
};

/// The rows of a block-sparse code with blocks of an even number of weights.
template <typename Reader>
class SparseRows {
 public:
  SparseRows(const SparseWeights& weights, int32_t taps, int32_t channels)
      : weights_(weights), reader_(weights), taps_(taps), channels_(channels) {}

  void restart() { reader_ = Reader(weights_); }
  int32_t terms(const PairBand& band, int32_t o, PairTerm* terms) {
    static_assert(Reader::kBlockSize % 2 == 0);
    const int32_t row_blocks = taps_ * channels_ / Reader::kBlockSize;
    int32_t count = 0;
    for (; reader_.block() < (o + 1) * row_blocks; reader_.next()) {
      const int32_t k = (reader_.block() - o * row_blocks) * Reader::kBlockSize;
      const int32_t offset = band.offset(k / channels_, k % channels_);
      const int32_t next = band.offset(0, 2) - band.offset(0, 0);
      const int8_t* w = reader_.values();
      for (int j = 0; j < Reader::kBlockSize / 2; ++j) {
        terms[count++] = {offset + j * next, {w[2 * j], w[2 * j + 1]}};
      }
    }
    return count;
  }

 private:
  const SparseWeights& weights_;
  Reader reader_;
  int32_t taps_;
  int32_t channels_;
};

}  // namespace tinyformer::engine::host
