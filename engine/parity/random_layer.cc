// Random layers for the parity checks.
#include "engine/parity/random_layer.h"

#include <string.h>

namespace tinyformer::engine::parity {
namespace {

constexpr int32_t kGuardBytes = 64;
constexpr int8_t kGuard = 0x5a;

bool is_zero(const int8_t* block, int32_t size) {
  for (int32_t i = 0; i < size; ++i) {
    if (block[i] != 0) return false;
  }
  return true;
}

void append(RandomCode& code, const int8_t* block, int32_t size) {
  const auto offset = static_cast<size_t>(code.records * size);
  code.values.resize((offset + static_cast<size_t>(size) + 3) / 4);
  memcpy(reinterpret_cast<int8_t*>(code.values.data()) + offset, block, static_cast<size_t>(size));
  ++code.records;
}

}  // namespace

Guarded::Guarded(int32_t bytes, int32_t misalignment)
    : storage_(static_cast<size_t>(bytes + 2 * kGuardBytes + 8), kGuard),
      start_(kGuardBytes + misalignment),
      bytes_(bytes) {}

bool Guarded::intact() const {
  for (int32_t i = 0; i < static_cast<int32_t>(storage_.size()); ++i) {
    const bool guard = i < start_ || i >= start_ + bytes_;
    if (guard && storage_[static_cast<size_t>(i)] != kGuard) return false;
  }
  return true;
}

bool Guarded::operator==(const Guarded& other) const {
  return bytes_ == other.bytes_ &&
         memcmp(storage_.data() + start_, other.storage_.data() + other.start_,
                static_cast<size_t>(bytes_)) == 0;
}

Guarded random_activations(Random& random, int32_t count) {
  Guarded x(count, random.between(0, 3));
  const int32_t kind = random.between(0, 9);
  const int8_t same = random.byte();
  for (int32_t i = 0; i < count; ++i) {
    const int8_t extreme = random.chance(50) ? -128 : 127;
    x.data()[i] = kind == 0 ? same : (kind == 1 ? extreme : random.byte());
  }
  return x;
}

std::vector<int8_t> random_weights(Random& random, int32_t rows, int32_t columns, int32_t block) {
  constexpr int32_t kZeroPercent[] = {0, 30, 50, 80, 97, 100};
  const int32_t zero_percent = kZeroPercent[random.between(0, 5)];
  std::vector<int8_t> weights(static_cast<size_t>(rows * columns), 0);
  for (int32_t row = 0; row < rows; ++row) {
    if (random.chance(10)) continue;
    for (int32_t start = 0; start < columns; start += block) {
      if (random.chance(zero_percent)) continue;
      for (int32_t i = start; i < start + block && i < columns; ++i) {
        const int8_t value = random.byte();
        weights[static_cast<size_t>(row * columns + i)] = value == -128 ? int8_t{-127} : value;
      }
    }
  }
  return weights;
}

RandomOutput::RandomOutput(Random& random, int32_t channels, int32_t taps) {
  // Real multipliers around 1 / (40 sqrt(taps)): products have a deviation near 74 * 73.
  int32_t root = 1;
  while (root * root < taps) ++root;
  shift = random.chance(70) ? -1 : random.between(-6, 4);
  const int64_t typical = (int64_t{1} << (31 - shift)) / (40 * root);
  const int64_t largest = INT32_MAX;
  for (int32_t c = 0; c < channels; ++c) {
    bias.push_back(random.between(-20000, 20000));
    const int64_t scaled = typical * random.between(20, 200) / 100;
    multiplier.push_back(static_cast<int32_t>(scaled < largest ? scaled : largest));
  }
  zero_point = random.between(-128, 127);
  if (random.chance(50)) {
    min = random.between(-128, 0);
    max = random.between(min, 127);
  }
}

SparseWeights RandomCode::view() const {
  return {index.data(), reinterpret_cast<const int8_t*>(values.data()), records};
}

RandomCode encode_run_length(const std::vector<int8_t>& weights, int32_t block) {
  const std::vector<int8_t> filler(static_cast<size_t>(block), 0);
  const int32_t blocks = static_cast<int32_t>(weights.size()) / block;
  RandomCode code;
  int32_t last = -1;
  for (int32_t b = 0; b < blocks; ++b) {
    const int8_t* values = weights.data() + b * block;
    if (is_zero(values, block)) continue;
    for (; b - last > 255; last += 255) {
      code.index.push_back(255);
      append(code, filler.data(), block);
    }
    code.index.push_back(static_cast<uint8_t>(b - last));
    append(code, values, block);
    last = b;
  }
  return code;
}

RandomCode encode_bitmap(const std::vector<int8_t>& weights, int32_t block) {
  const int32_t blocks = static_cast<int32_t>(weights.size()) / block;
  RandomCode code;
  code.index.assign(static_cast<size_t>((blocks + 7) / 8), 0);
  for (int32_t b = 0; b < blocks; ++b) {
    const int8_t* values = weights.data() + b * block;
    if (is_zero(values, block)) continue;
    code.index[static_cast<size_t>(b / 8)] |= static_cast<uint8_t>(1 << (b % 8));
    append(code, values, block);
  }
  return code;
}

Conv2dShape random_conv2d_shape(Random& random, int32_t channel_step) {
  Conv2dShape s;
  s.groups = random.chance(70) ? 1 : random.between(1, 3);
  s.in_channels = s.groups * channel_step * random.between(1, 24 / channel_step);
  s.out_channels = s.groups * random.between(1, 9);
  s.kernel_h = random.between(1, 4);
  s.kernel_w = random.between(1, 4);
  s.stride_h = random.between(1, 3);
  s.stride_w = random.between(1, 3);
  s.dilation_h = random.between(1, 2);
  s.dilation_w = random.between(1, 2);
  s.pad_top = random.between(0, s.kernel_h - 1);
  s.pad_left = random.between(0, s.kernel_w - 1);
  const int32_t pad_bottom = random.between(0, s.kernel_h - 1);
  const int32_t pad_right = random.between(0, s.kernel_w - 1);
  const int32_t span_h = (s.kernel_h - 1) * s.dilation_h + 1;
  const int32_t span_w = (s.kernel_w - 1) * s.dilation_w + 1;
  const int32_t least_h = span_h - s.pad_top - pad_bottom;
  const int32_t least_w = span_w - s.pad_left - pad_right;
  s.in_h = random.between(least_h > 1 ? least_h : 1, 12);
  s.in_w = random.between(least_w > 1 ? least_w : 1, 12);
  s.out_h = (s.in_h + s.pad_top + pad_bottom - span_h) / s.stride_h + 1;
  s.out_w = (s.in_w + s.pad_left + pad_right - span_w) / s.stride_w + 1;
  return s;
}

}  // namespace tinyformer::engine::parity
