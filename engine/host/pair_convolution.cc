// Layout of a band of input rows as pairs, and the output stage.
#if !defined(__ARM_FEATURE_DSP)

#include "engine/host/pair_convolution.h"

namespace tinyformer::engine::host {

int64_t PairBand::height(int64_t rows) const {
  const int64_t input_rows =
      (rows - 1) * shape_.stride_h + int64_t{shape_.kernel_h - 1} * shape_.dilation_h + 1;
  return (input_rows + shape_.stride_h - 1) / shape_.stride_h;
}

PairBand::PairBand(const Conv2dShape& shape, int32_t channels)
    : shape_(shape), channels_(channels) {
  const int64_t channel_pairs = (channels + 1) / 2;
  const int64_t taps = int64_t{shape.kernel_h} * shape.kernel_w;
  if (taps > kTaps || taps * channel_pairs > kRowTerms) return;
  const int64_t input_columns = int64_t{shape.out_w - 1} * shape.stride_w +
                                int64_t{shape.kernel_w - 1} * shape.dilation_w + 1;
  const int64_t width = (input_columns + shape.stride_w - 1) / shape.stride_w;
  const int64_t phases = int64_t{shape.stride_h} * shape.stride_w;
  // kColumnStep more pairs are read, never used, after the last column.
  const auto too_large = [&](int64_t rows) {
    return channel_pairs * phases * height(rows) * width + kColumnStep > kBandPairs ||
           rows * width > kBandColumns;
  };
  int32_t rows = shape.out_h;
  while (rows > 0 && too_large(rows)) rows /= 2;
  if (rows == 0) return;
  rows_ = rows;
  width_ = static_cast<int32_t>(width);
  phase_size_ = static_cast<int32_t>(height(rows) * width);
  pair_size_ = static_cast<int32_t>(phase_size_ * phases);
  for (int32_t tap = 0; tap < taps; ++tap) {
    const int32_t row = tap / shape.kernel_w * shape.dilation_h;
    const int32_t column = tap % shape.kernel_w * shape.dilation_w;
    const int32_t phase = row % shape.stride_h * shape.stride_w + column % shape.stride_w;
    tap_offset_[tap] =
        phase * phase_size_ + row / shape.stride_h * width_ + column / shape.stride_w;
  }
}

void PairBand::load(const int8_t* x, int32_t zero_point, int32_t first_row, int32_t first_channel,
                    Pair* pairs) const {
  const auto padding = static_cast<int16_t>(zero_point);
  const int32_t channel_pairs = (channels_ + 1) / 2;
  const int32_t input_rows = phase_size_ / width_ * shape_.stride_h;
  for (int32_t row = 0; row < input_rows; ++row) {
    const int32_t iy = conv2d_input_row(shape_, first_row, 0) + row;
    for (int32_t column = 0; column < width_ * shape_.stride_w; ++column) {
      const int8_t* pixel = conv2d_pixel(shape_, x, iy, column - shape_.pad_left);
      const int32_t phase = row % shape_.stride_h * shape_.stride_w + column % shape_.stride_w;
      Pair* to =
          pairs + phase * phase_size_ + row / shape_.stride_h * width_ + column / shape_.stride_w;
      if (pixel == nullptr) {
        for (int32_t p = 0; p < channel_pairs; ++p) to[p * pair_size_] = {padding, padding};
        continue;
      }
      pixel += first_channel;
      for (int32_t p = 0; p < channels_ / 2; ++p) {
        to[p * pair_size_] = {pixel[2 * p], pixel[2 * p + 1]};
      }
      if (channels_ % 2 != 0) to[channels_ / 2 * pair_size_] = {pixel[channels_ - 1], 0};
    }
  }
  memset(pairs + channel_pairs * pair_size_, 0, kColumnStep * sizeof(Pair));
}

void store_column(const int32_t* acc, int32_t count, int32_t multiplier, const OutputS8& output,
                  int8_t* y, int32_t stride) {
  for (int32_t j = 0; j < count; ++j) {
    y[j * stride] = static_cast<int8_t>(clamp(
        output.zero_point + requantize(acc[j], multiplier, output.shift), output.min, output.max));
  }
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
