// Add, pooling and transpose against double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parity/random_layer.h"
#include "tinyformer/engine/add_s8.h"
#include "tinyformer/engine/pool2d_s8.h"
#include "tinyformer/engine/transpose_s8.h"

namespace tinyformer::engine {
namespace {

using parity::Random;

std::vector<int8_t> RandomBytes(Random& random, int32_t count) {
  std::vector<int8_t> bytes(static_cast<size_t>(count));
  for (int8_t& byte : bytes) byte = random.byte();
  return bytes;
}

// The parameters as docs/quantization.md chooses them.
AddS8 MakeAdd(double a_ratio, double b_ratio, int32_t elements) {
  AddS8 layer = {elements, 11, 0, -7, 0, 22, 5, -128, 127};
  for (;; --layer.shift) {
    layer.a_multiplier = static_cast<int32_t>(std::lround(std::ldexp(a_ratio, layer.shift)));
    layer.b_multiplier = static_cast<int32_t>(std::lround(std::ldexp(b_ratio, layer.shift)));
    const int64_t bound = 255 * (int64_t{layer.a_multiplier} + layer.b_multiplier);
    if (bound + (1 << (layer.shift - 1)) < (1 << 30)) return layer;
  }
}

TEST(AddS8, IsTheNearestInt8ToTheRealSumForEveryPairOfInputs) {
  std::vector<int8_t> a, b, y(65536);
  for (int i = -128; i < 128; ++i) {
    for (int j = -128; j < 128; ++j) {
      a.push_back(static_cast<int8_t>(i));
      b.push_back(static_cast<int8_t>(j));
    }
  }
  for (const auto& [a_ratio, b_ratio] :
       {std::pair{0.5, 0.5}, {1.0, 1.0}, {0.001, 1.7}, {40.0, 0.3}}) {
    const AddS8 layer = MakeAdd(a_ratio, b_ratio, 65536);
    ref::add_s8(layer, a.data(), b.data(), y.data());
    // Two multipliers, each half a unit of 2^-shift off, times 255.
    const double tolerance = 0.5 + std::ldexp(255, -layer.shift) + 1e-9;
    for (size_t i = 0; i < y.size(); ++i) {
      const double real = (a[i] - 11) * a_ratio + (b[i] + 7) * b_ratio + 5;
      ASSERT_NEAR(y[i], std::fmin(std::fmax(real, -128), 127), tolerance) << a_ratio << ' ' << i;
    }
  }
}

TEST(AddS8, MayOverwriteEitherOperand) {
  Random random(3);
  const std::vector<int8_t> a = RandomBytes(random, 99), b = RandomBytes(random, 99);
  const AddS8 layer = MakeAdd(0.7, 0.9, 99);
  std::vector<int8_t> y(99), over_a = a, over_b = b;
  ref::add_s8(layer, a.data(), b.data(), y.data());
  ref::add_s8(layer, over_a.data(), b.data(), over_a.data());
  ref::add_s8(layer, a.data(), over_b.data(), over_b.data());
  EXPECT_EQ(over_a, y);
  EXPECT_EQ(over_b, y);
}

Pool2dShape RandomPool(Random& random) {
  Pool2dShape s;
  s.in_h = random.between(1, 9);
  s.in_w = random.between(1, 9);
  s.channels = random.between(1, 7);
  s.kernel_h = random.between(1, s.in_h);
  s.kernel_w = random.between(1, s.in_w);
  s.stride_h = random.between(1, 3);
  s.stride_w = random.between(1, 3);
  s.pad_top = random.between(0, s.kernel_h - 1);
  s.pad_left = random.between(0, s.kernel_w - 1);
  s.out_h = (s.in_h + s.pad_top - s.kernel_h) / s.stride_h + 1;
  s.out_w = (s.in_w + s.pad_left - s.kernel_w) / s.stride_w + 1;
  return s;
}

// The values of channel c in the window of output (oy, ox), those inside the image.
std::vector<int32_t> Window(const Pool2dShape& s, const std::vector<int8_t>& x, int32_t oy,
                            int32_t ox, int32_t c) {
  std::vector<int32_t> values;
  for (int32_t i = 0; i < s.kernel_h * s.kernel_w; ++i) {
    const int32_t iy = oy * s.stride_h - s.pad_top + i / s.kernel_w;
    const int32_t ix = ox * s.stride_w - s.pad_left + i % s.kernel_w;
    if (iy < 0 || ix < 0 || iy >= s.in_h || ix >= s.in_w) continue;
    values.push_back(x[static_cast<size_t>((iy * s.in_w + ix) * s.channels + c)]);
  }
  return values;
}

TEST(MaxPool2dS8, IsTheLargestValueOfTheWindowInsideTheImage) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const Pool2dShape s = RandomPool(random);
    const std::vector<int8_t> x = RandomBytes(random, s.in_h * s.in_w * s.channels);
    std::vector<int8_t> y(static_cast<size_t>(s.out_h * s.out_w * s.channels));
    ref::max_pool2d_s8(s, x.data(), y.data());
    for (size_t i = 0; i < y.size(); ++i) {
      const auto at = static_cast<int32_t>(i);
      const std::vector<int32_t> window =
          Window(s, x, at / s.channels / s.out_w, at / s.channels % s.out_w, at % s.channels);
      ASSERT_EQ(y[i], *std::max_element(window.begin(), window.end())) << "seed " << seed;
    }
  }
}

TEST(AveragePool2dS8, IsTheNearestInt8ToTheRealAverageWithAndWithoutPadding) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const Pool2dShape s = RandomPool(random);
    const std::vector<int8_t> x = RandomBytes(random, s.in_h * s.in_w * s.channels);
    const int32_t size = s.kernel_h * s.kernel_w;
    const bool count_padding = random.chance(50);
    const double ratio = random.between(20, 180) * 0.01;
    const int32_t shift = 1;  // ratio < 2
    std::vector<int32_t> table;
    for (int32_t n = 1; n <= size; ++n) {
      table.push_back(static_cast<int32_t>(std::lround(std::ldexp(ratio / n, 31 - shift))));
    }
    const AveragePool2dS8 layer = {s,     9,  table.back(), count_padding ? nullptr : table.data(),
                                   shift, -3, -128,         127};
    std::vector<int8_t> y(static_cast<size_t>(s.out_h * s.out_w * s.channels));
    ref::average_pool2d_s8(layer, x.data(), y.data());
    for (size_t i = 0; i < y.size(); ++i) {
      const auto at = static_cast<int32_t>(i);
      double sum = 0;
      const std::vector<int32_t> window =
          Window(s, x, at / s.channels / s.out_w, at / s.channels % s.out_w, at % s.channels);
      for (const int32_t value : window) sum += value - 9;
      const double n = count_padding ? size : static_cast<double>(window.size());
      const double real = std::fmin(std::fmax(sum / n * ratio - 3, -128), 127);
      // The multiplier is half a unit of 2^-30 off, times at most 81 * 255.
      ASSERT_NEAR(y[i], real, 0.5 + std::ldexp(81 * 255, -31)) << "seed " << seed;
    }
  }
}

TEST(TransposeS8, MovesEveryElementToItsPermutedPlace) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    TransposeS8 layer = {{1, 1, 1, 1}, {0, 1, 2, 3}};
    for (int32_t& size : layer.shape) size = random.between(1, 5);
    for (int i = 3; i > 0; --i) std::swap(layer.perm[i], layer.perm[random.between(0, i)]);
    const int32_t* n = layer.shape;
    const std::vector<int8_t> x = RandomBytes(random, n[0] * n[1] * n[2] * n[3]);
    std::vector<int8_t> y(x.size());
    ref::transpose_s8(layer, x.data(), y.data());
    for (int32_t from = 0; from < static_cast<int32_t>(x.size()); ++from) {
      const int32_t index[4] = {from / (n[1] * n[2] * n[3]), from / (n[2] * n[3]) % n[1],
                                from / n[3] % n[2], from % n[3]};
      int32_t to = 0;
      for (const int32_t axis : layer.perm) to = to * n[axis] + index[axis];
      ASSERT_EQ(y[static_cast<size_t>(to)], x[static_cast<size_t>(from)]) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tinyformer::engine
