#include "engine/parity/random_layer.h"

#include <stdio.h>
#include <string.h>

namespace tinyformer::engine::parity {
namespace {

bool is_zero(const int8_t* block, int32_t size) {
  for (int32_t i = 0; i < size; ++i) {
    if (block[i] != 0) return false;
  }
  return true;
}

void append(RandomCode& code, const int8_t* block, int32_t size) {
  code.values.insert(code.values.end(), block, block + size);
  ++code.records;
}

}  // namespace

std::vector<int8_t> random_activations(Random& random, int32_t count) {
  std::vector<int8_t> x(static_cast<size_t>(count));
  const int32_t kind = random.between(0, 9);
  constexpr int8_t kSame[] = {-128, 127, 0};
  const int8_t same = kSame[random.between(0, 2)];
  for (int8_t& value : x) {
    const int8_t extreme = random.chance(50) ? -128 : 127;
    value = kind < 2 ? same : (kind == 2 ? extreme : random.byte());
  }
  return x;
}

std::vector<int8_t> random_weights(Random& random, int32_t rows, int32_t columns, int32_t block) {
  constexpr int32_t kZeroPercent[] = {0, 30, 50, 80, 97, 100};
  const int32_t zero_percent = kZeroPercent[random.between(0, 5)];
  const bool extreme = random.chance(10);
  std::vector<int8_t> weights(static_cast<size_t>(rows * columns), 0);
  for (int32_t row = 0; row < rows; ++row) {
    if (random.chance(10)) continue;
    for (int32_t start = 0; start < columns; start += block) {
      if (random.chance(zero_percent)) continue;
      for (int32_t i = start; i < start + block && i < columns; ++i) {
        const int32_t value = random.between(-127, 127);
        const int32_t end = value < 0 ? -127 : 127;
        weights[static_cast<size_t>(row * columns + i)] =
            static_cast<int8_t>(extreme ? end : value);
      }
    }
  }
  return weights;
}

namespace {

// Blocks with a weight that is not 0, and fillers, so that no two are more than 255 apart.
std::vector<int32_t> stored_blocks(const std::vector<int8_t>& weights, int32_t block) {
  std::vector<int32_t> stored;
  int32_t last = -1;
  for (int32_t b = 0; b < static_cast<int32_t>(weights.size()) / block; ++b) {
    if (is_zero(weights.data() + b * block, block)) continue;
    for (; b - last > 255; last += 255) stored.push_back(last + 255);
    stored.push_back(b);
    last = b;
  }
  return stored;
}

}  // namespace

RandomCode encode_run_length(const std::vector<int8_t>& weights, int32_t block) {
  RandomCode code;
  int32_t last = -1;
  for (int32_t b : stored_blocks(weights, block)) {
    code.index.push_back(static_cast<uint8_t>(b - last));
    append(code, weights.data() + b * block, block);
    last = b;
  }
  return code;
}

RandomCode encode_bitmap(const std::vector<int8_t>& weights, int32_t block) {
  const int32_t blocks = static_cast<int32_t>(weights.size()) / block;
  RandomCode code;
  code.index.assign(static_cast<size_t>((blocks + 7) / 8), 0);
  for (int32_t b : stored_blocks(weights, block)) {
    code.index[static_cast<size_t>(b / 8)] |= static_cast<uint8_t>(1 << (b % 8));
    append(code, weights.data() + b * block, block);
  }
  return code;
}

SparseWeights hold_code(Random& random, GuardedMemory& memory, const RandomCode& code) {
  const uint8_t* index = hold(random, memory, code.index);
  return {index, hold(random, memory, code.values, kWeightAlignment), code.records};
}

int32_t random_multiplier(Random& random, int64_t bound, int32_t shift) {
  // bound * m * 2^(shift-31) < 2^31 - 129
  int64_t largest = INT32_MAX;
  if (shift >= 0 && bound > 0) {
    const int64_t fitting = ((int64_t{INT32_MAX} - 129) << (31 - shift)) / bound;
    largest = fitting < largest ? fitting : largest;
  }
  const int32_t kind = random.between(0, 9);
  if (kind == 0) return 0;
  if (kind == 1) return static_cast<int32_t>(largest);
  return static_cast<int32_t>(random.next() % (largest + 1));
}

void random_limits(Random& random, int32_t& min, int32_t& max) {
  min = -128;
  max = 127;
  if (random.chance(60)) return;
  min = random.between(-128, 127);
  max = random.chance(20) ? min : random.between(min, 127);
}

RandomOutput random_output(Random& random, GuardedMemory& memory, int32_t channels, int32_t taps) {
  // Real multipliers around 1 / (40 sqrt(taps)): products have a deviation near 74 * 73.
  int32_t root = 1;
  while (root * root < taps) ++root;
  const bool extreme = random.chance(25);
  const int32_t bias_bound = extreme ? 1 << 30 : 20000;
  OutputS8 stage;
  stage.shift =
      random.chance(65) ? -1 : (extreme ? random.between(-31, 30) : random.between(-6, 4));
  const int64_t bound = int64_t{taps} * 128 * 127 + bias_bound;
  const int64_t typical = (int64_t{1} << (31 - stage.shift)) / (40 * root);
  std::vector<int32_t> bias;
  std::vector<int32_t> multiplier;
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t value = random.between(-bias_bound, bias_bound);
    bias.push_back(extreme && random.chance(30) ? (value < 0 ? -bias_bound : bias_bound) : value);
    const int64_t scaled = typical * random.between(20, 200) / 100;
    multiplier.push_back(extreme ? random_multiplier(random, bound, stage.shift)
                                 : static_cast<int32_t>(scaled < INT32_MAX ? scaled : INT32_MAX));
  }
  stage.multiplier = hold(random, memory, multiplier);
  stage.zero_point = random.zero_point();
  random_limits(random, stage.min, stage.max);
  return {hold(random, memory, bias), stage};
}

std::vector<int16_t> random_exponentials(Random& random, int32_t row) {
  const int32_t widest = INT32_MAX / (255 * row);
  uint32_t value = static_cast<uint32_t>(widest < 32767 ? widest : 32767) << 16;
  // A factor of 0 leaves the row's maximum alone, one of 1 makes all logits equal.
  const uint32_t factor = random.chance(10)   ? 0
                          : random.chance(10) ? 65536
                                              : static_cast<uint32_t>(random.between(50000, 65500));
  std::vector<int16_t> table;
  for (int d = 0; d < 256; ++d) {
    table.push_back(static_cast<int16_t>(value >> 16));
    value = static_cast<uint32_t>((static_cast<uint64_t>(value) * factor) >> 16);
  }
  return table;
}

void random_image(Random& random, Conv2dShape& s) {
  const int32_t span_h = (s.kernel_h - 1) * s.dilation_h + 1;
  const int32_t span_w = (s.kernel_w - 1) * s.dilation_w + 1;
  const auto pad = [&](int32_t span) { return random.chance(30) ? 0 : random.edge(0, span - 1); };
  s.pad_top = pad(span_h);
  s.pad_left = pad(span_w);
  const int32_t pad_bottom = pad(span_h);
  const int32_t pad_right = pad(span_w);
  const int32_t least_h = span_h - s.pad_top - pad_bottom;
  const int32_t least_w = span_w - s.pad_left - pad_right;
  const auto size = [&](int32_t least, int32_t most) {
    const int32_t low = least > 1 ? least : 1;
    return random.edge(low, low < most ? most : low + 2);
  };
  const int32_t longer = random.between(0, 11);  // 0: a high image, 1: a wide one
  s.in_h = size(least_h, longer == 0 ? 45 : 10);
  s.in_w = size(least_w, longer == 1 ? 45 : 10);
  s.out_h = (s.in_h + s.pad_top + pad_bottom - span_h) / s.stride_h + 1;
  s.out_w = (s.in_w + s.pad_left + pad_right - span_w) / s.stride_w + 1;
  if (random.chance(15)) s.out_h = random.between(1, s.out_h);  // a strip: rows below are left
}

Conv2dShape random_conv2d_shape(Random& random, int32_t channel_step) {
  Conv2dShape s = {};
  s.groups = random.chance(70) ? 1 : random.between(2, 4);
  s.in_channels = s.groups * channel_step * random.edge(1, 24 / channel_step / s.groups + 1);
  s.out_channels = s.groups * random.edge(1, 9);
  const bool common = random.chance(40);  // 3 x 3, the shape that has kernels of its own
  s.kernel_h = common ? 3 : random.edge(1, 5);
  s.kernel_w = common ? 3 : random.edge(1, 5);
  s.stride_h = random.chance(60) ? 1 : random.between(1, 4);
  s.stride_w = random.chance(60) ? 1 : random.between(1, 4);
  s.dilation_h = random.chance(75) ? 1 : random.between(1, 3);
  s.dilation_w = random.chance(75) ? 1 : random.between(1, 3);
  random_image(random, s);
  return s;
}

void describe(const Conv2dShape& s, char* text, int32_t bytes) {
  const auto i = [](int32_t value) { return static_cast<int>(value); };
  snprintf(text, static_cast<size_t>(bytes),
           "%dx%dx%d -> %dx%dx%d, kernel %dx%d, stride %d,%d, dilation %d,%d, pad top %d left %d, "
           "groups %d",
           i(s.in_h), i(s.in_w), i(s.in_channels), i(s.out_h), i(s.out_w), i(s.out_channels),
           i(s.kernel_h), i(s.kernel_w), i(s.stride_h), i(s.stride_w), i(s.dilation_h),
           i(s.dilation_w), i(s.pad_top), i(s.pad_left), i(s.groups));
}

}  // namespace tinyformer::engine::parity
