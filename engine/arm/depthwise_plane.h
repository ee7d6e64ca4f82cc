// Depthwise 3 x 3 one channel at a time: the channel lies padded and widened in a plane of int16.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/arm/dsp.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"

namespace tinyformer::engine::arm {

/// Rows of outputs from a plane whose rows are kDepthwisePlaneWords words of two neighbours each, a
/// step of two outputs (stride 2: one) at a time. depthwise_plane.S knows the offsets.
struct DepthwiseJob {
  const Word* plane;   // the first output's window
  int8_t* y;           // the first output
  int32_t channels;    // bytes from a step's first output to its second
  uint32_t filter[6];  // (w0, w1) of the three rows, (w1, w2) of the three rows
  int32_t bias;
  int32_t multiplier;
  int32_t addend;  // the usual stage: the zero point
  int32_t shift;   // any other stage, see DepthwiseStage
  int32_t lift;
  int32_t lower;
  const Word* end;  // of the first row of outputs: plane + steps
  int32_t rows;     // > 0
  int32_t skip;     // bytes from the end of a row to the next in the plane
  int32_t y_skip;   // and in the output
};
static_assert(sizeof(void*) != 4 || sizeof(DepthwiseJob) == 76,
              "depthwise_plane.S counts on these offsets");

extern "C" {
/// y = clamp(addend + requantize(bias + window * filter, multiplier, -1), -128, 127); a step's
/// second output is stored first. The digit is a mask of the filter's rows that are not zero.
void tinyformer_depthwise_pairs_1(DepthwiseJob* job);
void tinyformer_depthwise_pairs_2(DepthwiseJob* job);
void tinyformer_depthwise_pairs_3(DepthwiseJob* job);
void tinyformer_depthwise_pairs_4(DepthwiseJob* job);
void tinyformer_depthwise_pairs_5(DepthwiseJob* job);
void tinyformer_depthwise_pairs_6(DepthwiseJob* job);
void tinyformer_depthwise_pairs_7(DepthwiseJob* job);
void tinyformer_depthwise_singles(DepthwiseJob* job);
/// v = (addend + (sum * multiplier >> 32)) >> shift, limited to [0, 65535]
/// y = min(v + lift, 65535) - lower
void tinyformer_depthwise_pairs_any(DepthwiseJob* job);
void tinyformer_depthwise_singles_any(DepthwiseJob* job);
/// `pairs` words of `rows` rows of the plane (both > 0): from[0] and from[next], then the next two;
/// rows are `step` bytes apart.
void tinyformer_depthwise_load(Word* to, const int8_t* from, int32_t next, int32_t step,
                               int32_t rows, int32_t pairs);
}

/// How a layer's output stage is written in terms of DepthwiseJob.
///
/// A left shift goes into filter and bias, so that what is left is a shift of -1 (the usual stage)
/// or further to the right; limits other than int8's need the lift of the other stage.
class DepthwiseStage {
 public:
  explicit DepthwiseStage(const OutputS8& output) : output_(output) {
    usual_ = output.shift >= -1 && output.min == -128 && output.max == 127;
    const int32_t right = usual_ ? 0 : 1;
    left_ = output.shift + 1 + right;
    shift_ = right;
    if (left_ < 0) {
      shift_ -= left_;
      left_ = 0;
    }
  }

  bool usual() const { return usual_; }
  int32_t left() const { return left_; }

  /// Whether filter, sums and addend stay within their types for a channel of this bias.
  bool applies(int32_t bias) const {
    constexpr int32_t kProducts = 9 * 128 * 127;
    if (left_ > 8 || shift_ > 20) return false;
    const int32_t most = (INT32_MAX >> left_) - kProducts;
    return -most <= bias && bias <= most;
  }

  void fill(int32_t channel, DepthwiseJob& job) const {
    job.multiplier = output_.multiplier[channel];
    job.addend = output_.zero_point;
    if (usual_) return;
    job.addend = ((output_.zero_point - output_.min) << shift_) + (1 << (shift_ - 1));
    job.shift = shift_;
    job.lift = 65535 - (output_.max - output_.min);
    job.lower = job.lift - output_.min;
  }

 private:
  OutputS8 output_;
  bool usual_;
  int32_t left_;   // bits by which filter and bias are multiplied
  int32_t shift_;  // bits to the right beyond 2^-32
};

/// One layer's channels, each through the same plane. Images wider than a plane are taken in chunks
/// of columns, from left to right; what two chunks share stays in the plane, so that an output may
/// lie where its channel's input was (depthwise_conv2d_s8_in_place).
class DepthwisePlane {
 public:
  /// plane: depthwise_plane_bytes, which stays padded from channel to channel.
  DepthwisePlane(const Conv2dShape& shape, int32_t zero_point, const OutputS8& output, Word* plane)
      : shape_(shape),
        output_(output),
        stage_(output),
        zero_point_(zero_point),
        rows_(depthwise_plane_rows(shape)),
        plane_(plane) {
    for (int32_t column = 0; column < kColumns; column += 2) fill_columns(column);
    plane_[rows_ * kPitch] = 0;
  }

  /// filter [3][3]
  void run(const int8_t* x, int32_t channel, const int8_t* filter, int32_t bias, int8_t* y) {
    const int32_t outputs = kChunk / shape_.stride_w;
    for (int32_t ox = 0; ox < shape_.out_w; ox += outputs) {
      const int32_t left = shape_.out_w - ox;
      load(x + channel, ox * shape_.stride_w);
      convolve(channel, filter, bias, left < outputs ? left : outputs,
               y + ox * shape_.out_channels + channel);
    }
  }

 private:
  static constexpr int32_t kPitch = kDepthwisePlaneWords;
  static constexpr int32_t kColumns = 2 * kPitch;
  static constexpr int32_t kChunk = kColumns - 2;

  void fill_columns(int32_t column) {
    const auto padding = static_cast<uint32_t>(zero_point_);
    Word* to = plane_ + column / 2;
    for (int32_t row = 0; row < rows_; ++row, to += kPitch) *to = pack_low(padding, padding);
  }

  // Columns [first, first + 18) of the padded channel; the first two are there unless first is 0.
  void load(const int8_t* x, int32_t first) {
    const bool whole = shape_.out_w * shape_.stride_w <= kChunk;
    int32_t column = 0;
    if (first > 0) {
      for (int32_t row = 0; row < rows_; ++row) {
        plane_[row * kPitch] = plane_[row * kPitch + kPitch - 1];
      }
      column = 2;
    }
    const int32_t rows = limit(rows_ - shape_.pad_top, shape_.in_h);
    if (rows <= 0) return;
    const int32_t channels = shape_.in_channels;
    const int32_t step = shape_.in_w * channels;
    Word* const top = plane_ + shape_.pad_top * kPitch;
    while (column < kColumns) {
      const int32_t ix = first + column - shape_.pad_left;
      const int32_t inside = ix < 0 ? 0 : limit(shape_.in_w - ix, kColumns - column);
      if (inside >= 2) {
        tinyformer_depthwise_load(top + column / 2, x + ix * channels, channels, step, rows,
                                  inside / 2);
        column += inside / 2 * 2;
        continue;
      }
      if (!whole) fill_columns(column);
      int16_t* const to = reinterpret_cast<int16_t*>(top) + column;
      if (inside == 1) load_column(x + ix * channels, step, rows, to);
      if (ix == -1) load_column(x, step, rows, to + 1);
      column += 2;
    }
  }

  static int32_t limit(int32_t value, int32_t most) { return value < most ? value : most; }

  static void load_column(const int8_t* from, int32_t step, int32_t rows, int16_t* to) {
    for (int32_t row = 0; row < rows; ++row, to += kColumns, from += step) *to = *from;
  }

  // `columns` outputs of each row, from the plane as it is.
  void convolve(int32_t channel, const int8_t* filter, int32_t bias, int32_t columns, int8_t* y) {
    if (!stage_.applies(bias)) return convolve_plainly(channel, filter, bias, columns, y);
    DepthwiseJob job;
    job.channels = shape_.out_channels;
    job.bias = bias * (1 << stage_.left());
    int32_t mask = 0;
    for (int32_t row = 0; row < 3; ++row) {
      const int32_t w0 = filter[3 * row] * (1 << stage_.left());
      const int32_t w1 = filter[3 * row + 1] * (1 << stage_.left());
      const int32_t w2 = filter[3 * row + 2] * (1 << stage_.left());
      job.filter[row] = pack_low(static_cast<uint32_t>(w0), static_cast<uint32_t>(w1));
      job.filter[row + 3] = pack_low(static_cast<uint32_t>(w1), static_cast<uint32_t>(w2));
      if ((w0 | w1 | w2) != 0) mask |= 1 << row;
    }
    stage_.fill(channel, job);
    if (shape_.stride_w == 2) {
      run_rows(stage_.usual() ? tinyformer_depthwise_singles : tinyformer_depthwise_singles_any, 0,
               columns, y, job);
      return;
    }
    const Rows rows = stage_.usual() ? kRows[mask] : tinyformer_depthwise_pairs_any;
    if (columns > 1) run_rows(rows, 0, columns / 2, y, job);
    if (columns % 2 != 0) {
      // The last output is its own second one and is stored over it.
      job.channels = 0;
      run_rows(rows, columns / 2, 1, y + (columns - 1) * shape_.out_channels, job);
    }
  }

  using Rows = void (*)(DepthwiseJob* job);
  // A filter that is zero throughout takes any of them.
  static constexpr Rows kRows[8] = {tinyformer_depthwise_pairs_1, tinyformer_depthwise_pairs_1,
                                    tinyformer_depthwise_pairs_2, tinyformer_depthwise_pairs_3,
                                    tinyformer_depthwise_pairs_4, tinyformer_depthwise_pairs_5,
                                    tinyformer_depthwise_pairs_6, tinyformer_depthwise_pairs_7};

  // Steps of every row, from a word of the plane on.
  void run_rows(Rows rows, int32_t word, int32_t steps, int8_t* y, DepthwiseJob& job) const {
    const int32_t outputs = shape_.stride_w == 2 ? 1 : 2;
    job.plane = plane_ + word;
    job.y = y;
    job.end = job.plane + steps;
    job.rows = shape_.out_h;
    job.skip = 4 * (kPitch * shape_.stride_h - steps);
    job.y_skip = shape_.out_w * shape_.out_channels - outputs * steps * job.channels;
    rows(&job);
  }

  void convolve_plainly(int32_t channel, const int8_t* filter, int32_t bias, int32_t columns,
                        int8_t* y) const {
    for (int32_t oy = 0; oy < shape_.out_h; ++oy) {
      for (int32_t ox = 0; ox < columns; ++ox) {
        const int16_t* window =
            reinterpret_cast<int16_t*>(plane_) + (oy * kColumns + ox) * shape_.stride_w;
        int32_t acc = bias;
        for (int32_t tap = 0; tap < 9; ++tap) {
          acc += window[tap / 3 * kColumns + tap % 3] * filter[tap];
        }
        y[(oy * shape_.out_w + ox) * shape_.out_channels] =
            store_s8(output_, output_.multiplier[channel], acc);
      }
    }
  }

  const Conv2dShape& shape_;
  OutputS8 output_;
  DepthwiseStage stage_;
  int32_t zero_point_;
  int32_t rows_;
  Word* plane_;
};

}  // namespace tinyformer::engine::arm
