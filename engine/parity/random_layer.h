// Random layers for the parity checks: shapes and numbers at every edge of the kernels' bounds.
#pragma once

#include <stdint.h>

#include <vector>

#include "engine/parity/guarded_memory.h"
#include "engine/parity/random.h"
#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine::parity {

/// Where the emitter puts weights, and kernels may expect them: at multiples of 4.
constexpr int32_t kWeightAlignment = 4;

/// A constant of the layer in guarded memory, at a multiple of `alignment`; nullptr when that is
/// full.
template <typename T>
const T* hold(Random& random, GuardedMemory& memory, const std::vector<T>& values,
              int32_t alignment = alignof(T)) {
  const int32_t offset = alignment * random.between(0, 16 / alignment - 1);
  int8_t* at = memory.take(static_cast<int32_t>(values.size() * sizeof(T)), offset);
  if (at != nullptr) memory.fill(at, values.data(), false);
  return reinterpret_cast<const T*>(at);
}

/// Activations: any int8, sometimes all the same or only the ends of the range.
std::vector<int8_t> random_activations(Random& random, int32_t count);

/// Weights in [-127, 127], cut into rows of blocks; a share of the blocks (0 % to 100 %) and some
/// whole rows are zero.
std::vector<int8_t> random_weights(Random& random, int32_t rows, int32_t columns, int32_t block);

/// An encoded layer (the engine only decodes; compiler/sparse holds the encoder that ships).
struct RandomCode {
  std::vector<uint8_t> index;
  std::vector<int8_t> values;
  int32_t records = 0;

  SparseWeights view() const { return {index.data(), values.data(), records}; }
};

using Encode = RandomCode (*)(const std::vector<int8_t>& weights, int32_t block);
RandomCode encode_run_length(const std::vector<int8_t>& weights, int32_t block);
RandomCode encode_bitmap(const std::vector<int8_t>& weights, int32_t block);

/// The code in guarded memory.
SparseWeights hold_code(Random& random, GuardedMemory& memory, const RandomCode& code);

/// A layer's bias and output stage.
struct RandomOutput {
  const int32_t* bias;
  OutputS8 stage;
};

/// Most cases spread sums of `taps` products over int8; the others reach the bounds of OutputS8:
/// every shift, multipliers of 0 and the largest, biases up to 2^30, a range of one value.
RandomOutput random_output(Random& random, GuardedMemory& memory, int32_t channels, int32_t taps);

/// A multiplier up to the largest for which |requantize(acc, m, shift)| < 2^31 - 128 while
/// |acc| <= bound.
int32_t random_multiplier(Random& random, int64_t bound, int32_t shift);

/// The output's limits: often all of int8, else any range down to one value.
void random_limits(Random& random, int32_t& min, int32_t& max);

/// table[d] falls from e_max, the largest that rows of that length allow, by some factor a step.
std::vector<int16_t> random_exponentials(Random& random, int32_t row);

/// A convolution: kernels up to 5 (also larger than the image), strides up to 4, dilations up to 3,
/// unequal padding, groups. Channels of a group are a multiple of
/// `channel_step`.
Conv2dShape random_conv2d_shape(Random& random, int32_t channel_step);

/// Sets in_h, in_w, padding and the output's size for the kernel, stride and dilation of `shape`.
void random_image(Random& random, Conv2dShape& shape);

/// Prints a convolution's shape into text.
void describe(const Conv2dShape& shape, char* text, int32_t bytes);

}  // namespace tinyformer::engine::parity
