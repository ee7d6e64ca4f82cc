// Random layers for the parity checks: shapes with odd ends, weights with zeros, guarded buffers.
#pragma once

#include <stdint.h>

#include <vector>

#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::parity {

/// xorshift32: small enough for a microcontroller, the same stream everywhere. seed > 0.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed * 2654435761u | 1u) {
    for (int i = 0; i < 8; ++i) next();
  }
  uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }
  /// Uniform in [low, high].
  int32_t between(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(next() % static_cast<uint32_t>(high - low + 1));
  }
  bool chance(int32_t percent) { return between(0, 99) < percent; }
  int8_t byte() { return static_cast<int8_t>(next() >> 24); }

 private:
  uint32_t state_;
};

/// A buffer between two guards, at any alignment; intact() tells whether the guards still stand.
class Guarded {
 public:
  Guarded(int32_t bytes, int32_t misalignment);
  int8_t* data() { return storage_.data() + start_; }
  bool intact() const;
  /// The bytes between the guards are the same.
  bool operator==(const Guarded& other) const;

 private:
  std::vector<int8_t> storage_;
  int32_t start_;
  int32_t bytes_;
};

/// Activations: any int8, sometimes all the same or only extremes.
Guarded random_activations(Random& random, int32_t count);

/// Weights in [-127, 127], cut into rows of blocks; a share of blocks (0 % to 100 %) and some whole
/// rows are zero.
std::vector<int8_t> random_weights(Random& random, int32_t rows, int32_t columns, int32_t block);

/// A layer's bias and output stage: multipliers that spread sums of `taps` products over int8.
struct RandomOutput {
  RandomOutput(Random& random, int32_t channels, int32_t taps);
  OutputS8 stage() const { return {multiplier.data(), shift, zero_point, min, max}; }

  std::vector<int32_t> bias;
  std::vector<int32_t> multiplier;
  int32_t shift;
  int32_t zero_point;
  int32_t min = -128;
  int32_t max = 127;
};

/// An encoded layer (the engine only decodes; compiler/sparse holds the encoder that ships).
struct RandomCode {
  std::vector<uint8_t> index;
  std::vector<int32_t> values;  // words, for their alignment

  SparseWeights view() const;
  int32_t records = 0;
};

RandomCode encode_run_length(const std::vector<int8_t>& weights, int32_t block);
RandomCode encode_bitmap(const std::vector<int8_t>& weights, int32_t block);

/// A small convolution whose kernel lies inside the padded image; channels per group are a multiple
/// of `channel_step`.
Conv2dShape random_conv2d_shape(Random& random, int32_t channel_step);

}  // namespace tinyformer::engine::parity
