// Linear layers and convolutions against double-precision sums of real values, and the sparse ones
// against the dense ones.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/parity/random_layer.h"
#include "tinyformer/engine/conv2d_s8_sparse.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/linear_s8_sparse.h"

namespace tinyformer::engine {
namespace {

using parity::Random;

// A quantised convolution with its real parameters. Multipliers stay below 1/2, so shift is -1.
struct RealLayer {
  RealLayer(Random& random, const Conv2dShape& s) : shape(s), taps(conv2d_taps(s)) {
    x_scale = 0.01 + random.between(0, 100) * 0.001;
    x_zero_point = random.between(-128, 127);
    const double root = std::sqrt(taps);
    y_zero_point = random.between(-128, 127);
    x = parity::random_activations(random, s.in_h * s.in_w * s.in_channels);
    weights = parity::random_weights(random, s.out_channels, taps, 2);
    y_scale = x_scale * 0.02 * 40 * root;
    for (int32_t o = 0; o < s.out_channels; ++o) {
      w_scale.push_back(0.005 + random.between(0, 10) * 0.001);
      real_bias.push_back(random.between(-1000, 1000) * 0.01);
      const double scale = x_scale * w_scale.back();
      int32_t sum = 0;
      for (int32_t i = 0; i < taps; ++i) sum += weights[static_cast<size_t>(o * taps + i)];
      bias.push_back(static_cast<int32_t>(std::lround(real_bias.back() / scale)) -
                     x_zero_point * sum);
      multiplier.push_back(static_cast<int32_t>(std::lround(std::ldexp(scale / y_scale, 32))));
    }
  }

  OutputS8 output() const { return {multiplier.data(), -1, y_zero_point, -128, 127}; }

  // Real value of input (iy, ix, c); padding is real zero.
  double Input(int32_t iy, int32_t ix, int32_t c) const {
    if (iy < 0 || iy >= shape.in_h || ix < 0 || ix >= shape.in_w) return 0;
    return x_scale *
           (x[static_cast<size_t>((iy * shape.in_w + ix) * shape.in_channels + c)] - x_zero_point);
  }

  // ONNX Conv on real values, in units of y's steps from zero, before rounding.
  double Output(int32_t oy, int32_t ox, int32_t o) const {
    const int32_t channels = shape.in_channels / shape.groups;
    const int32_t first = o / (shape.out_channels / shape.groups) * channels;
    const auto row = static_cast<size_t>(o);
    double sum = real_bias[row];
    for (int32_t i = 0; i < taps; ++i) {
      const int32_t ky = i / channels / shape.kernel_w, kx = i / channels % shape.kernel_w;
      const int32_t iy = oy * shape.stride_h + ky * shape.dilation_h - shape.pad_top;
      const int32_t ix = ox * shape.stride_w + kx * shape.dilation_w - shape.pad_left;
      sum += w_scale[row] * weights[static_cast<size_t>(o * taps + i)] *
             Input(iy, ix, first + i % channels);
    }
    return std::fmin(std::fmax(sum / y_scale + y_zero_point, -128), 127);
  }

  // Half a step for the last rounding; half a unit of the accumulator for the bias; half a unit of
  // 2^-32 for the multiplier, times the largest accumulator.
  double Tolerance(int32_t o) const {
    const double step = x_scale * w_scale[static_cast<size_t>(o)] / y_scale;
    return 0.5 + 0.5 * step + std::ldexp(taps * 255.0 * 127, -33) + 1e-9;
  }

  void ExpectNear(const std::vector<int8_t>& y, uint32_t seed) const {
    size_t at = 0;
    for (int32_t oy = 0; oy < shape.out_h; ++oy) {
      for (int32_t ox = 0; ox < shape.out_w; ++ox) {
        for (int32_t o = 0; o < shape.out_channels; ++o) {
          ASSERT_NEAR(y[at++], Output(oy, ox, o), Tolerance(o))
              << "seed " << seed << " at " << oy << ' ' << ox << ' ' << o;
        }
      }
    }
  }

  std::vector<int8_t> Room() const {
    return std::vector<int8_t>(static_cast<size_t>(shape.out_h * shape.out_w * shape.out_channels));
  }

  Conv2dShape shape;
  int32_t taps;
  double x_scale, y_scale;
  int32_t x_zero_point, y_zero_point;
  std::vector<int8_t> x, weights;
  std::vector<double> w_scale, real_bias;
  std::vector<int32_t> bias, multiplier;
};

std::vector<int8_t> Scratch(const LinearS8& layer) {
  return std::vector<int8_t>(static_cast<size_t>(linear_s8_scratch_bytes(layer)));
}

TEST(LinearS8, ComputesALiteralExample) {
  const int8_t x[] = {1, 2, 3, -4, 5, -6};                              // 2 tokens of 3
  const int8_t weights[] = {1, 0, -1, 2, 2, 2};                         // 2 rows
  const int32_t bias[] = {10, -10}, multiplier[] = {1 << 30, 1 << 30};  // 0.5 with shift 0
  const LinearS8 layer = {2, 3, 2, weights, bias, {multiplier, 0, 3, -128, 4}};
  int8_t y[4];
  ref::linear_s8(layer, x, y, Scratch(layer).data());
  // (1-3+10)/2+3 = 7 -> 4; (12-10)/2+3 = 4; (-4+6+10)/2+3 = 9 -> 4; (-10-10)/2+3 = -7
  EXPECT_EQ(std::vector<int8_t>(y, y + 4), (std::vector<int8_t>{4, 4, 4, -7}));
}

TEST(LinearS8, IsTheNearestInt8ToTheRealProduct) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const int32_t tokens = random.between(1, 9), in = random.between(1, 200);
    const int32_t out = random.between(1, 9);
    const RealLayer real(random, {tokens, 1, in, tokens, 1, out, 1, 1, 1, 1, 0, 0, 1, 1, 1});
    std::vector<int8_t> y = real.Room();
    const LinearS8 layer = {tokens, in, out, real.weights.data(), real.bias.data(), real.output()};
    ref::linear_s8(layer, real.x.data(), y.data(), Scratch(layer).data());
    real.ExpectNear(y, seed);
  }
}

TEST(LinearS8, MayBeginWhereItsInputDoesUnlessTheLastBatchGoesBackOverOutputs) {
  EXPECT_TRUE(linear_s8_in_place(64, 192, 192));
  EXPECT_TRUE(linear_s8_in_place(3, 8, 8));
  EXPECT_FALSE(linear_s8_in_place(4, 8, 9));
  // Six tokens: the second batch starts at the third, whose inputs lie from 2 * in on when the
  // outputs of four tokens are written.
  EXPECT_FALSE(linear_s8_in_place(6, 8, 8));
  EXPECT_FALSE(linear_s8_in_place(6, 8, 5));
  EXPECT_TRUE(linear_s8_in_place(6, 8, 4));
}

TEST(Conv2dS8, IsTheNearestInt8ToTheRealConvolutionBordersIncluded) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const RealLayer real(random, parity::random_conv2d_shape(random, 1));
    std::vector<int8_t> y = real.Room();
    ref::conv2d_s8(
        {real.shape, real.x_zero_point, real.weights.data(), real.bias.data(), real.output()},
        real.x.data(), y.data(), nullptr);
    real.ExpectNear(y, seed);
  }
}

TEST(DepthwiseConv2dS8, IsTheNearestInt8ToTheRealConvolution) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    Conv2dShape shape = parity::random_conv2d_shape(random, 1);
    shape.groups = shape.out_channels = shape.in_channels;
    const RealLayer real(random, shape);
    std::vector<int8_t> y = real.Room();
    ref::depthwise_conv2d_s8(
        {real.shape, real.x_zero_point, real.weights.data(), real.bias.data(), real.output()},
        real.x.data(), y.data(), nullptr);
    real.ExpectNear(y, seed);
  }
}

using Encode = parity::RandomCode (*)(const std::vector<int8_t>&, int32_t);

template <typename Layer>
struct SparseKernel {
  const char* name;
  int32_t block;
  Encode encode;
  void (*run)(const Layer&, const int8_t*, int8_t*, void*);
};

TEST(LinearS8Sparse, EqualsTheDenseLayerOfTheSameWeights) {
  const SparseKernel<LinearS8Sparse> kernels[] = {
      {"rlc2", 2, parity::encode_run_length, ref::linear_s8_rlc2},
      {"rlc4", 4, parity::encode_run_length, ref::linear_s8_rlc4},
      {"bitmap2", 2, parity::encode_bitmap, ref::linear_s8_bitmap2},
      {"bitmap4", 4, parity::encode_bitmap, ref::linear_s8_bitmap4}};
  for (const auto& kernel : kernels) {
    for (uint32_t seed = 1; seed <= 200; ++seed) {
      Random random(seed);
      const int32_t tokens = random.between(1, 4), out = random.between(1, 9);
      const int32_t in = kernel.block * random.between(1, seed % 10 == 0 ? 900 : 20);
      const RealLayer real(random, {tokens, 1, in, tokens, 1, out, 1, 1, 1, 1, 0, 0, 1, 1, 1});
      std::vector<int8_t> dense = real.Room(), sparse = real.Room();
      const LinearS8 layer = {tokens,           in,           out, real.weights.data(),
                              real.bias.data(), real.output()};
      ref::linear_s8(layer, real.x.data(), dense.data(), Scratch(layer).data());
      const parity::RandomCode code = kernel.encode(real.weights, kernel.block);
      kernel.run({tokens, in, out, code.view(), real.bias.data(), real.output()}, real.x.data(),
                 sparse.data(), Scratch(layer).data());
      ASSERT_EQ(sparse, dense) << kernel.name << ", seed " << seed;
    }
  }
}

TEST(Conv2dS8Sparse, EqualsTheDenseConvolutionOfTheSameWeights) {
  const SparseKernel<Conv2dS8Sparse> kernels[] = {
      {"rlc2", 2, parity::encode_run_length, ref::conv2d_s8_rlc2},
      {"rlc4", 4, parity::encode_run_length, ref::conv2d_s8_rlc4},
      {"bitmap2", 2, parity::encode_bitmap, ref::conv2d_s8_bitmap2},
      {"bitmap4", 4, parity::encode_bitmap, ref::conv2d_s8_bitmap4}};
  for (const auto& kernel : kernels) {
    for (uint32_t seed = 1; seed <= 200; ++seed) {
      Random random(seed);
      const RealLayer real(random, parity::random_conv2d_shape(random, kernel.block));
      std::vector<int8_t> dense = real.Room(), sparse = real.Room();
      ref::conv2d_s8(
          {real.shape, real.x_zero_point, real.weights.data(), real.bias.data(), real.output()},
          real.x.data(), dense.data(), nullptr);
      const parity::RandomCode code = kernel.encode(real.weights, kernel.block);
      kernel.run({real.shape, real.x_zero_point, code.view(), real.bias.data(), real.output()},
                 real.x.data(), sparse.data(), nullptr);
      ASSERT_EQ(sparse, dense) << kernel.name << ", seed " << seed;
    }
  }
}

TEST(DepthwiseConv2dS8Sparse, EqualsTheDenseConvolutionOfTheSameWeights) {
  const SparseKernel<DepthwiseConv2dS8Sparse> kernels[] = {
      {"rlc3", 3, parity::encode_run_length, ref::depthwise_conv2d_s8_rlc3},
      {"bitmap3", 3, parity::encode_bitmap, ref::depthwise_conv2d_s8_bitmap3}};
  for (const auto& kernel : kernels) {
    for (uint32_t seed = 1; seed <= 200; ++seed) {
      Random random(seed);
      const int32_t channels = random.between(1, 20), size = random.between(1, 9);
      const RealLayer real(
          random, {size, size, channels, size, size, channels, 3, 3, 1, 1, 1, 1, 1, 1, channels});
      std::vector<int8_t> dense = real.Room(), sparse = real.Room();
      ref::depthwise_conv2d_s8(
          {real.shape, real.x_zero_point, real.weights.data(), real.bias.data(), real.output()},
          real.x.data(), dense.data(), nullptr);
      const parity::RandomCode code = kernel.encode(real.weights, 3);
      kernel.run({real.shape, real.x_zero_point, code.view(), real.bias.data(), real.output()},
                 real.x.data(), sparse.data(), nullptr);
      ASSERT_EQ(sparse, dense) << kernel.name << ", seed " << seed;
    }
  }
}

TEST(BlockReader, CrossesLongGapsByFillersAndEndsAfterTheLastBlock) {
  std::vector<int8_t> weights(2 * 1000, 0);
  weights[2 * 700] = 5;
  weights[2 * 999 + 1] = -6;
  const parity::RandomCode code = parity::encode_run_length(weights, 2);
  // 701 = 255 + 255 + 191; 299 = 255 + 44
  EXPECT_EQ(code.index, (std::vector<uint8_t>{255, 255, 191, 255, 44}));
  const LinearS8Sparse layer = {1, 2000, 1, code.view(), nullptr, {}};
  EXPECT_EQ(layer.weights.records, 5);
}

}  // namespace
}  // namespace tinyformer::engine
