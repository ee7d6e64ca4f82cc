// Chains by strips of rows give the same bytes as layer by layer.
#include "tinyformer/engine/strips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/parity/random_layer.h"
#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/linear_s8.h"

namespace tinyformer::engine {
namespace {

using parity::Random;
using Bytes = std::vector<int8_t>;

// Weights, bias and multipliers of a layer; an output stage that spreads sums over int8.
struct Parameters {
  Parameters(Random& random, int32_t channels, int32_t taps)
      : weights(parity::random_weights(random, channels, taps, 1)) {
    for (int32_t c = 0; c < channels; ++c) {
      bias.push_back(random.between(-3000, 3000));
      multiplier.push_back(random.between(1 << 24, 1 << 25));
    }
    zero_point = random.between(-128, 127);
  }
  OutputS8 stage() const { return {multiplier.data(), -1, zero_point, -128, 127}; }

  Bytes weights;
  std::vector<int32_t> bias, multiplier;
  int32_t zero_point;
};

// The middle of a chain: windows of rows over [in_h][in_w][channels].
Conv2dShape RandomWindow(Random& random, bool pooling) {
  Conv2dShape s{};
  s.kernel_h = random.between(1, 4);
  s.kernel_w = random.between(1, 3);
  if (random.chance(60)) s.kernel_h = s.kernel_w = 3;
  s.stride_h = random.between(1, 3);
  s.stride_w = random.chance(70) ? s.stride_h : 1;
  s.dilation_h = !pooling && random.chance(20) ? 2 : 1;
  s.dilation_w = 1;
  s.pad_top = random.between(0, pooling ? s.kernel_h - 1 : 3);
  s.pad_left = random.between(0, pooling ? s.kernel_w - 1 : 2);
  const int32_t extent = s.dilation_h * (s.kernel_h - 1) + 1;
  s.in_h = random.between(std::max(1, extent - s.pad_top), 14);
  s.in_w = random.between(s.kernel_w, 9);
  const int32_t below = random.between(0, s.kernel_h - 1),
                right = random.between(0, s.kernel_w - 1);
  s.out_h = (s.in_h + s.pad_top + below - extent) / s.stride_h + 1;
  s.out_w = (s.in_w + s.pad_left + right - s.kernel_w) / s.stride_w + 1;
  s.in_channels = s.out_channels = s.groups = random.between(1, 6);
  return s;
}

StripShape ShapeOf(const Conv2dShape& s, int32_t rows, int32_t padding) {
  return {s.in_h,     s.out_h,   s.dilation_h * (s.kernel_h - 1) + 1,
          s.stride_h, s.pad_top, s.in_w * s.in_channels,
          rows,       padding};
}

// Scratch for any of the layers here.
void* Scratch() {
  static int32_t scratch[1 << 14];
  return scratch;
}

TEST(Strips, AnInvertedResidualIsItsThreeLayers) {
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    Random random(seed);
    const Conv2dShape s = RandomWindow(random, false);
    const int32_t in = random.between(1, 5), out = random.between(1, 5);
    const int32_t between = random.between(-128, 127);
    const Parameters a(random, s.in_channels, in),
        b(random, s.in_channels, s.kernel_h * s.kernel_w), c(random, out, s.out_channels);
    const LinearS8 expand = {s.in_h * s.in_w, in,       s.in_channels, a.weights.data(),
                             a.bias.data(),   a.stage()};
    const DepthwiseConv2dS8 depthwise = {s, between, b.weights.data(), b.bias.data(), b.stage()};
    const LinearS8 project = {s.out_h * s.out_w, s.out_channels, out,
                              c.weights.data(),  c.bias.data(),  c.stage()};
    const Bytes x = parity::random_activations(random, expand.tokens * in);
    Bytes expanded(static_cast<size_t>(s.in_h * s.in_w * s.in_channels));
    Bytes convolved(static_cast<size_t>(s.out_h * s.out_w * s.out_channels));
    Bytes expected(static_cast<size_t>(project.tokens * out)), y(expected.size());
    linear_s8(expand, x.data(), expanded.data(), Scratch());
    depthwise_conv2d_s8(depthwise, expanded.data(), convolved.data(), Scratch());
    linear_s8(project, convolved.data(), expected.data(), Scratch());

    const int32_t rows = random.between(1, s.out_h);
    const StripShape shape = ShapeOf(s, rows, between);
    bool in_place = s.out_w <= s.stride_h * s.in_w;
    for (int32_t count = 1; count <= rows; ++count) {
      in_place = in_place && depthwise_conv2d_s8_in_place(strip_window(depthwise, count).shape);
    }
    Bytes window(static_cast<size_t>(strip_bytes(shape)));
    for (Strips strip(shape, window.data()); strip.more(); strip.next()) {
      if (strip.made_rows() > 0) {
        linear_s8(strip_tokens(expand, strip.made_rows() * s.in_w),
                  x.data() + strip.made_first() * s.in_w * in, strip.made(), Scratch());
      }
      int8_t* const d = in_place ? strip.window() : convolved.data();
      depthwise_conv2d_s8(strip_window(depthwise, strip.rows()), strip.window(), d, Scratch());
      linear_s8(strip_tokens(project, strip.rows() * s.out_w), d,
                y.data() + strip.first() * s.out_w * out, Scratch());
    }
    ASSERT_EQ(y, expected) << "seed " << seed;
  }
}

TEST(Strips, AConvolutionAndItsPoolingAreTheTwoLayers) {
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    Random random(seed);
    const Conv2dShape w = RandomWindow(random, true);
    const Pool2dShape pool = {w.in_h,     w.in_w,     w.in_channels, w.out_h,
                              w.out_w,    w.kernel_h, w.kernel_w,    w.stride_h,
                              w.stride_w, w.pad_top,  w.pad_left};
    Conv2dShape s{};
    s.kernel_h = s.kernel_w = random.between(1, 3);
    s.stride_h = s.stride_w = random.between(1, 2);
    s.dilation_h = s.dilation_w = s.groups = 1;
    s.pad_top = s.pad_left = random.between(0, s.kernel_h - 1);
    s.out_h = w.in_h;
    s.out_w = w.in_w;
    s.in_h = std::max(
        1, (s.out_h - 1) * s.stride_h + s.kernel_h - s.pad_top - random.between(0, s.pad_top));
    s.in_w = std::max(1, (s.out_w - 1) * s.stride_w + s.kernel_w - s.pad_left);
    s.in_channels = random.between(1, 4);
    s.out_channels = w.in_channels;
    const Parameters p(random, s.out_channels, conv2d_taps(s));
    const Conv2dS8 conv = {s, random.between(-128, 127), p.weights.data(), p.bias.data(),
                           p.stage()};
    const int32_t row = s.in_w * s.in_channels;
    const Bytes x = parity::random_activations(random, s.in_h * row);
    Bytes convolved(static_cast<size_t>(s.out_h * s.out_w * s.out_channels));
    Bytes expected(static_cast<size_t>(pool.out_h * pool.out_w * pool.channels)),
        y(expected.size());
    conv2d_s8(conv, x.data(), convolved.data(), Scratch());
    max_pool2d_s8(pool, convolved.data(), expected.data());

    const StripShape shape = ShapeOf(w, random.between(1, w.out_h), -128);
    Bytes window(static_cast<size_t>(strip_bytes(shape)));
    for (Strips strip(shape, window.data()); strip.more(); strip.next()) {
      if (strip.made_rows() > 0) {
        conv2d_s8(strip_rows(conv, strip.made_first(), strip.made_rows()),
                  x.data() + strip_start(s, strip.made_first()) * row, strip.made(), Scratch());
      }
      max_pool2d_s8(strip_window(pool, strip.rows()), strip.window(),
                    y.data() + strip.first() * pool.out_w * pool.channels);
    }
    ASSERT_EQ(y, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tinyformer::engine
