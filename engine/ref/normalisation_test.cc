// LayerNorm, softmax and the attentions against double precision, with derived tolerances.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parity/random_layer.h"
#include "tinyformer/engine/attention_pool_s8.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/layernorm_s8.h"
#include "tinyformer/engine/softmax_s8.h"

namespace tinyformer::engine {
namespace {

using parity::Random;

// Multiplier and shift of a real multiplier, as docs/quantization.md chooses them.
RowScale Quantize(double real) {
  int32_t shift = -1;
  while (real >= std::ldexp(1 - std::ldexp(1.0, -31), shift)) ++shift;
  return {static_cast<int32_t>(std::llround(std::ldexp(real, 31 - shift))), shift};
}

double Limit(double value) { return std::fmin(std::fmax(value, -128), 127); }

// --- LayerNorm
// ------------------------------------------------------------------------------------

TEST(InverseSqrt, StaysWithinItsRelativeErrorOverItsWholeRange) {
  double worst = 0;
  for (uint64_t a = 1ull << 30; a < 1ull << 32; a += 3001) {
    const uint32_t r = inverse_sqrt(static_cast<uint32_t>(a));
    ASSERT_LT(r, 1u << 31) << a;
    const double real = std::ldexp(1, 30) / std::sqrt(std::ldexp(static_cast<double>(a), -32));
    worst = std::max(worst, std::fabs(r / real - 1));
  }
  EXPECT_LT(worst, std::ldexp(1.0, -23));
  EXPECT_LT(inverse_sqrt(1u << 30), 1u << 31);
  EXPECT_GE(inverse_sqrt(UINT32_MAX), (1u << 30) - (1u << 7));
}

// A LayerNorm with its real parameters.
struct RealLayernorm {
  RealLayernorm(Random& random, int32_t channels, int32_t bits, double y_scale_)
      : y_scale(y_scale_) {
    double largest = 0;
    for (int32_t c = 0; c < channels; ++c) {
      real_gamma.push_back(random.between(-200, 200) * 0.01);
      real_beta.push_back(random.between(-100, 100) * 0.01);
      largest = std::max({largest, std::fabs(real_gamma.back()) / 32767,
                          std::fabs(real_beta.back()) * std::ldexp(1, bits - 30)});
    }
    gamma_scale = largest;
    for (int32_t c = 0; c < channels; ++c) {
      const auto i = static_cast<size_t>(c);
      gamma.push_back(static_cast<int16_t>(std::lround(real_gamma[i] / gamma_scale)));
      beta.push_back(
          static_cast<int32_t>(std::lround(std::ldexp(real_beta[i], bits) / gamma_scale)));
    }
    const RowScale scale = Quantize(std::ldexp(gamma_scale, -bits) / y_scale);
    const double epsilon = 1e-5 * channels * channels / (x_scale * x_scale);
    layer = {1,
             channels,
             static_cast<uint64_t>(std::llround(std::fmax(1, epsilon))),
             bits,
             gamma.data(),
             beta.data(),
             scale.multiplier,
             scale.shift,
             -4,
             -128,
             127};
  }

  // Epsilon is what its rounding to an integer made of it: docs/quantization.md, E.
  double Output(const std::vector<int8_t>& x, size_t c) const {
    const double channels = layer.channels;
    const double epsilon =
        static_cast<double>(layer.epsilon) * x_scale * x_scale / channels / channels;
    double mean = 0, variance = 0;
    for (const int8_t value : x) mean += value;
    mean /= static_cast<double>(x.size());
    for (const int8_t value : x) variance += (value - mean) * (value - mean);
    variance = variance / static_cast<double>(x.size()) * x_scale * x_scale;
    const double norm = (x[c] - mean) * x_scale / std::sqrt(variance + epsilon);
    return Limit((norm * real_gamma[c] + real_beta[c]) / y_scale - 4);
  }

  // n is off by 1/2, 2^-16 and 2^-22 of itself; gamma by half a step of |n| <= 2^15; beta by half a
  // step.
  double Tolerance(size_t c) const {
    const double unit = std::ldexp(gamma_scale, -layer.norm_bits) / y_scale;
    return 0.5 +
           unit * ((0.5 + std::ldexp(1.0, -16) + std::ldexp(1.0, 15 - 22)) * std::fabs(gamma[c]) +
                   32768 * 0.5 + 0.5) +
           0.01;
  }

  double x_scale = 0.037, y_scale, gamma_scale = 0;
  std::vector<double> real_gamma, real_beta;
  std::vector<int16_t> gamma;
  std::vector<int32_t> beta;
  LayernormS8 layer;
};

int32_t LargestNormBits(int32_t channels) {
  int32_t bits = 14;
  while (std::ldexp(std::sqrt(channels - 1), bits) >= 32766) --bits;
  return bits;
}

TEST(LayernormS8, ChoosesTheBitsThatTheSpecificationNames) {
  EXPECT_EQ(LargestNormBits(44), 12);
  EXPECT_EQ(LargestNormBits(192), 11);
}

TEST(LayernormS8, IsNearTheRealLayerNormForEveryNumberOfBits) {
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const int32_t channels = seed % 3 == 0 ? 192 : random.between(1, 70);
    const int32_t bits = seed % 4 == 0 ? 7 : (seed % 4 == 1 ? 0 : LargestNormBits(channels));
    const RealLayernorm real(random, channels, bits, 0.04);
    std::vector<int8_t> x(static_cast<size_t>(channels)), y(x.size());
    const int32_t spread = random.between(1, 127);
    for (int8_t& value : x) value = static_cast<int8_t>(random.between(-spread, spread));
    ref::layernorm_s8(real.layer, x.data(), y.data());
    for (size_t c = 0; c < x.size(); ++c) {
      ASSERT_NEAR(y[c], real.Output(x, c), real.Tolerance(c)) << "seed " << seed << " c " << c;
    }
  }
}

TEST(LayernormS8, ReachesTheLargestNormalisedValueWithoutOverflow) {
  for (const int32_t channels : {2, 3, 5, 44, 192, 1000}) {
    Random random(static_cast<uint32_t>(channels));
    const RealLayernorm real(random, channels, LargestNormBits(channels), 0.5);
    std::vector<int8_t> x(static_cast<size_t>(channels), -128), y(x.size());
    x[1] = 127;
    ref::layernorm_s8(real.layer, x.data(), y.data());
    EXPECT_NEAR(y[1], real.Output(x, 1), real.Tolerance(1)) << channels;
  }
}

TEST(LayernormS8, GivesBetaForAConstantRow) {
  Random random(9);
  const RealLayernorm real(random, 44, 12, 0.02);
  for (const int8_t value : {int8_t{-128}, int8_t{0}, int8_t{127}}) {
    std::vector<int8_t> x(44, value), y(44);
    ref::layernorm_s8(real.layer, x.data(), y.data());
    for (size_t c = 0; c < 44; ++c) {
      EXPECT_NEAR(y[c], Limit(real.real_beta[c] / 0.02 - 4), 0.51) << c;
    }
  }
}

TEST(LayernormS8, KeepsRowsApart) {
  Random random(10);
  RealLayernorm real(random, 20, 12, 0.04);
  std::vector<int8_t> x(60), y(60), one(20);
  for (int8_t& value : x) value = random.byte();
  real.layer.rows = 3;
  ref::layernorm_s8(real.layer, x.data(), y.data());
  real.layer.rows = 1;
  for (int r = 0; r < 3; ++r) {
    ref::layernorm_s8(real.layer, x.data() + 20 * r, one.data());
    EXPECT_TRUE(std::equal(one.begin(), one.end(), y.begin() + 20 * r)) << r;
  }
}

// --- Softmax
// --------------------------------------------------------------------------------------

// The table of docs/quantization.md.
std::vector<int16_t> ExpTable(int32_t tokens, double scale) {
  const int32_t largest = std::min(32767, INT32_MAX / (255 * tokens));
  std::vector<int16_t> table;
  for (int d = 0; d < 256; ++d) {
    table.push_back(static_cast<int16_t>(std::lround(largest * std::exp(-d * scale))));
  }
  return table;
}

// Softmax weights of int8 logits, and how far the table's can be from them: every exponential is
// half a unit off, so a weight is off by (1 + weight * tokens) / 2 of 1 / sum, and sum >= table[0].
std::vector<double> Weights(const std::vector<int8_t>& logits, double scale) {
  std::vector<double> weights;
  double sum = 0;
  for (const int8_t logit : logits) {
    weights.push_back(std::exp(scale * logit));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

TEST(SoftmaxS8, CoversAll256DifferencesNearTheRealSoftmax) {
  for (const double scale : {1.0 / 16, 1.0 / 4, 0.01}) {
    const std::vector<int16_t> table = ExpTable(2, scale);
    const RowScale unit = Quantize(256);  // y scale 1/256
    const SoftmaxS8 layer = {1, 2, table.data(), unit.multiplier, unit.shift, -128, -128, 127};
    for (int d = 0; d < 256; ++d) {
      const std::vector<int8_t> x = {127, static_cast<int8_t>(127 - d)};
      std::vector<int8_t> y(2);
      ref::softmax_s8(layer, x.data(), y.data());
      const std::vector<double> weights = Weights(x, scale);
      for (size_t i = 0; i < 2; ++i) {
        const double tolerance = 0.5 + 256 * 1.5 / table[0] + 256 * std::ldexp(1.0, -14);
        EXPECT_NEAR(y[i], Limit(weights[i] * 256 - 128), tolerance) << scale << ' ' << d;
      }
    }
  }
}

TEST(SoftmaxS8, SumsToOneWithinRoundingAndMayOverwriteItsInput) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const int32_t columns = random.between(1, 100);
    const std::vector<int16_t> table = ExpTable(columns, 0.05);
    const RowScale unit = Quantize(256);
    const SoftmaxS8 layer = {3,          columns, table.data(), unit.multiplier,
                             unit.shift, -128,    -128,         127};
    std::vector<int8_t> x(static_cast<size_t>(3 * columns)), y(x.size());
    for (int8_t& value : x) value = random.byte();
    ref::softmax_s8(layer, x.data(), y.data());
    for (int r = 0; r < 3; ++r) {
      const std::vector<int8_t> row(x.begin() + r * columns, x.begin() + (r + 1) * columns);
      const std::vector<double> weights = Weights(row, 0.05);
      for (int32_t i = 0; i < columns; ++i) {
        const double off = (1 + weights[static_cast<size_t>(i)] * columns) / 2 / table[0];
        EXPECT_NEAR(y[static_cast<size_t>(r * columns + i)],
                    Limit(weights[static_cast<size_t>(i)] * 256 - 128),
                    0.5 + 256 * off + 256 * std::ldexp(1.0, -14))
            << "seed " << seed;
      }
    }
    ref::softmax_s8(layer, x.data(), x.data());
    EXPECT_EQ(x, y) << "seed " << seed;
  }
}

// --- Attention
// ------------------------------------------------------------------------------------

// A weighted average of (value - zero point) in steps of the output: each weight off as above, each
// value at most 255, and the row scale's relative error.
double AverageTolerance(int32_t tokens, int32_t table_largest, double ratio) {
  return 0.5 + 255 * ratio * (static_cast<double>(tokens) / table_largest + std::ldexp(1.0, -14)) +
         1e-6;
}

TEST(AttentionPoolS8, IsNearTheRealWeightedAverage) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const int32_t tokens = random.between(1, 64), channels = random.between(1, 20);
    const std::vector<int16_t> table = ExpTable(tokens, 0.06);
    const double ratio = random.between(10, 300) * 0.01;
    const RowScale scale = Quantize(ratio);
    const AttentionPoolS8 layer = {tokens,      channels, 6,    table.data(), scale.multiplier,
                                   scale.shift, 2,        -128, 127};
    std::vector<int8_t> logits(static_cast<size_t>(tokens)), y(static_cast<size_t>(channels));
    std::vector<int8_t> x(static_cast<size_t>(tokens * channels));
    for (int8_t& value : logits) value = random.byte();
    for (int8_t& value : x) value = random.byte();
    std::vector<int16_t> scratch(static_cast<size_t>(attention_pool_s8_scratch_bytes(layer)) / 2);
    ref::attention_pool_s8(layer, logits.data(), x.data(), y.data(), scratch.data());
    const std::vector<double> weights = Weights(logits, 0.06);
    for (int32_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (int32_t t = 0; t < tokens; ++t) {
        sum += weights[static_cast<size_t>(t)] * (x[static_cast<size_t>(t * channels + c)] - 6);
      }
      ASSERT_NEAR(y[static_cast<size_t>(c)], Limit(sum * ratio + 2),
                  AverageTolerance(tokens, table[0], ratio))
          << "seed " << seed;
    }
  }
}

// An attention whose scores are exact: the score multiplier is a power of two.
TEST(AttentionS8, IsNearTheRealAttentionOverItsInt8Scores) {
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    Random random(seed);
    const int32_t tokens = random.between(1, 40), heads = random.between(1, 3);
    const int32_t width = random.between(1, 12), channels = heads * width;
    const double ratio = random.between(30, 250) * 0.01, score_scale = 0.05;
    const std::vector<int16_t> table = ExpTable(tokens, score_scale);
    const RowScale scale = Quantize(ratio);
    // dot / 1024
    const AttentionS8 layer = {
        tokens,       channels,         heads,       3,  -5,   7,  1 << 22, -1, 1,
        table.data(), scale.multiplier, scale.shift, -2, -128, 127};
    const auto size = static_cast<size_t>(tokens * channels);
    std::vector<int8_t> q(size), k(size), v(size), y(size);
    for (auto* tensor : {&q, &k, &v}) {
      for (int8_t& value : *tensor) value = random.byte();
    }
    std::vector<int32_t> scratch(static_cast<size_t>(attention_s8_scratch_bytes(layer)) / 4 + 1);
    ref::attention_s8(layer, q.data(), k.data(), v.data(), y.data(), scratch.data());
    for (int32_t t = 0; t < tokens; ++t) {
      for (int32_t h = 0; h < heads; ++h) {
        const auto at = [&](int32_t token, int32_t c) {
          return static_cast<size_t>(token * channels + h * width + c);
        };
        std::vector<int8_t> scores;
        for (int32_t u = 0; u < tokens; ++u) {
          int32_t dot = 0;
          for (int32_t c = 0; c < width; ++c) dot += (q[at(t, c)] - 3) * (k[at(u, c)] + 5);
          scores.push_back(static_cast<int8_t>(Limit(std::floor(dot / 1024.0 + 0.5) + 1)));
        }
        const std::vector<double> weights = Weights(scores, score_scale);
        for (int32_t c = 0; c < width; ++c) {
          double sum = 0;
          for (int32_t u = 0; u < tokens; ++u) {
            sum += weights[static_cast<size_t>(u)] * (v[at(u, c)] - 7);
          }
          ASSERT_NEAR(y[at(t, c)], Limit(sum * ratio - 2),
                      AverageTolerance(tokens, table[0], ratio))
              << "seed " << seed;
        }
      }
    }
    ref::attention_s8(layer, q.data(), k.data(), v.data(), q.data(), scratch.data());
    EXPECT_EQ(q, y) << "y may be q, seed " << seed;
  }
}

}  // namespace
}  // namespace tinyformer::engine
