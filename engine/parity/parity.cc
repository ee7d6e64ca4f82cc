// One parity check a kernel.
#include "engine/parity/parity.h"

#include <math.h>

#include "engine/parity/random_layer.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/conv2d_s8_sparse.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/linear_s8_sparse.h"
#include "tinyformer/engine/softmax_s8.h"

namespace tinyformer::engine::parity {
namespace {

// Runs both kernels on guarded buffers and compares. `reference` and `fast` take (y, scratch).
template <typename Reference, typename Fast>
const char* compare(Random& random, int32_t y_bytes, int32_t scratch_bytes, Reference reference,
                    Fast fast) {
  Guarded expected(y_bytes, 0);
  Guarded found(y_bytes, random.between(0, 3));
  // Guarded memory starts 8-byte aligned (operator new) and the guards keep it so.
  Guarded scratch(scratch_bytes, 0);
  reference(expected.data(), scratch.data());
  if (!expected.intact() || !scratch.intact()) return "ref wrote outside its output or scratch";
  fast(found.data(), scratch.data());
  if (!found.intact()) return "wrote outside its output";
  if (!scratch.intact()) return "wrote outside its scratch";
  return found == expected ? nullptr : "output differs from ref";
}

template <typename Layer>
using Kernel = void (*)(const Layer& layer, const int8_t* x, int8_t* y, void* scratch);

template <typename Layer>
const char* compare_kernels(Random& random, const Layer& layer, int32_t x_bytes, int32_t y_bytes,
                            int32_t scratch_bytes, Kernel<Layer> reference, Kernel<Layer> fast) {
  Guarded x = random_activations(random, x_bytes);
  return compare(
      random, y_bytes, scratch_bytes,
      [&](int8_t* y, void* scratch) { reference(layer, x.data(), y, scratch); },
      [&](int8_t* y, void* scratch) { fast(layer, x.data(), y, scratch); });
}

using Encode = RandomCode (*)(const std::vector<int8_t>& weights, int32_t block);

const char* check_linear(uint32_t seed) {
  Random random(seed);
  const int32_t tokens = random.between(1, random.chance(20) ? 90 : 11);
  const int32_t in = random.between(1, random.chance(20) ? 300 : 40);
  const int32_t out = random.between(1, 12);
  const std::vector<int8_t> weights = random_weights(random, out, in, random.between(1, 4));
  const RandomOutput output(random, out, in);
  const LinearS8 layer = {tokens, in, out, weights.data(), output.bias.data(), output.stage()};
  return compare_kernels<LinearS8>(random, layer, tokens * in, tokens * out,
                                   linear_s8_scratch_bytes(layer), ref::linear_s8, linear_s8);
}

template <int kBlock, Encode kEncode, Kernel<LinearS8Sparse> kReference,
          Kernel<LinearS8Sparse> kFast>
const char* check_linear_sparse(uint32_t seed) {
  Random random(seed);
  const int32_t tokens = random.between(1, random.chance(20) ? 90 : 11);
  const int32_t in = kBlock * random.between(1, tokens < 12 && random.chance(25) ? 700 : 15);
  const int32_t out = random.between(1, 12);
  const RandomCode code = kEncode(random_weights(random, out, in, kBlock), kBlock);
  const RandomOutput output(random, out, in);
  const LinearS8Sparse layer = {tokens, in, out, code.view(), output.bias.data(), output.stage()};
  return compare_kernels<LinearS8Sparse>(random, layer, tokens * in, tokens * out,
                                         linear_s8_sparse_scratch_bytes(layer), kReference, kFast);
}

int32_t input_bytes(const Conv2dShape& s) { return s.in_h * s.in_w * s.in_channels; }
int32_t output_bytes(const Conv2dShape& s) { return s.out_h * s.out_w * s.out_channels; }

const char* check_conv2d(uint32_t seed) {
  Random random(seed);
  const Conv2dShape shape = random_conv2d_shape(random, 1);
  const int32_t taps = conv2d_taps(shape);
  const std::vector<int8_t> weights = random_weights(random, shape.out_channels, taps, 4);
  const RandomOutput output(random, shape.out_channels, taps);
  const Conv2dS8 layer = {shape, random.between(-128, 127), weights.data(), output.bias.data(),
                          output.stage()};
  return compare_kernels<Conv2dS8>(random, layer, input_bytes(shape), output_bytes(shape),
                                   conv2d_s8_scratch_bytes(layer), ref::conv2d_s8, conv2d_s8);
}

template <int kBlock, Encode kEncode, Kernel<Conv2dS8Sparse> kReference,
          Kernel<Conv2dS8Sparse> kFast>
const char* check_conv2d_sparse(uint32_t seed) {
  Random random(seed);
  const Conv2dShape shape = random_conv2d_shape(random, kBlock);
  const int32_t taps = conv2d_taps(shape);
  const RandomCode code = kEncode(random_weights(random, shape.out_channels, taps, kBlock), kBlock);
  const RandomOutput output(random, shape.out_channels, taps);
  const Conv2dS8Sparse layer = {shape, random.between(-128, 127), code.view(), output.bias.data(),
                                output.stage()};
  return compare_kernels<Conv2dS8Sparse>(random, layer, input_bytes(shape), output_bytes(shape),
                                         conv2d_s8_sparse_scratch_bytes(layer), kReference, kFast);
}

// A random shape with one filter a channel, half of the time the common 3 x 3 with stride 1.
Conv2dShape random_depthwise_shape(Random& random) {
  Conv2dShape s = random_conv2d_shape(random, 1);
  if (random.chance(50)) {
    s.kernel_h = s.kernel_w = 3;
    s.stride_h = s.stride_w = s.dilation_h = s.dilation_w = 1;
    s.pad_top = random.between(0, 2);
    s.pad_left = random.between(0, 2);
    s.in_h += 2;
    s.in_w += 2;
    s.out_h = s.in_h + s.pad_top + random.between(0, 2) - 2;
    s.out_w = s.in_w + s.pad_left + random.between(0, 2) - 2;
  }
  s.in_channels = s.out_channels = s.groups = random.between(1, random.chance(20) ? 70 : 13);
  return s;
}

const char* check_depthwise(uint32_t seed) {
  Random random(seed);
  const Conv2dShape shape = random_depthwise_shape(random);
  const int32_t taps = conv2d_taps(shape);
  const std::vector<int8_t> weights = random_weights(random, shape.out_channels, taps, 1);
  const RandomOutput output(random, shape.out_channels, taps);
  const DepthwiseConv2dS8 layer = {shape, random.between(-128, 127), weights.data(),
                                   output.bias.data(), output.stage()};
  return compare_kernels<DepthwiseConv2dS8>(random, layer, input_bytes(shape), output_bytes(shape),
                                            depthwise_conv2d_s8_scratch_bytes(shape),
                                            ref::depthwise_conv2d_s8, depthwise_conv2d_s8);
}

template <Encode kEncode, Kernel<DepthwiseConv2dS8Sparse> kReference,
          Kernel<DepthwiseConv2dS8Sparse> kFast>
const char* check_depthwise_sparse(uint32_t seed) {
  Random random(seed);
  Conv2dShape shape = random_depthwise_shape(random);
  if (shape.kernel_w != 3) {
    shape.kernel_w = 3;
    shape.dilation_w = 1;
    shape.pad_left = 1;
    shape.out_w = (shape.in_w - 1) / shape.stride_w + 1;
  }
  const int32_t taps = conv2d_taps(shape);
  const RandomCode code = kEncode(random_weights(random, shape.out_channels, taps, 3), 3);
  const RandomOutput output(random, shape.out_channels, taps);
  const DepthwiseConv2dS8Sparse layer = {shape, random.between(-128, 127), code.view(),
                                         output.bias.data(), output.stage()};
  return compare_kernels<DepthwiseConv2dS8Sparse>(
      random, layer, input_bytes(shape), output_bytes(shape),
      depthwise_conv2d_s8_scratch_bytes(shape), kReference, kFast);
}

// A table for rows of that length and some scale of the logits.
void fill_exponentials(Random& random, int32_t row, int16_t table[256]) {
  const int32_t widest = INT32_MAX / (255 * row);
  const int32_t largest = widest < 32767 ? widest : 32767;
  const float scale = static_cast<float>(random.between(1, 60)) / 256.0f;
  for (int d = 0; d < 256; ++d) {
    table[d] = static_cast<int16_t>(
        lroundf(static_cast<float>(largest) * expf(-scale * static_cast<float>(d))));
  }
}

const char* check_attention(uint32_t seed) {
  Random random(seed);
  AttentionS8 layer;
  layer.tokens = random.between(1, random.chance(20) ? 70 : 10);
  layer.heads = random.between(1, 4);
  layer.channels = layer.heads * random.between(1, 19);
  layer.q_zero_point = random.between(-128, 127);
  layer.k_zero_point = random.between(-128, 127);
  layer.v_zero_point = random.between(-128, 127);
  layer.score_multiplier = random.between(1 << 20, 1 << 24);
  layer.score_shift = random.between(-2, 0);
  layer.score_zero_point = random.between(-50, 50);
  int16_t table[256];
  fill_exponentials(random, layer.tokens, table);
  layer.exp_table = table;
  layer.multiplier = random.between(1 << 30, INT32_MAX);
  layer.shift = random.between(-4, 3);
  layer.y_zero_point = random.between(-128, 127);
  layer.min = -128;
  layer.max = random.between(100, 127);
  const int32_t bytes = layer.tokens * layer.channels;
  Guarded q = random_activations(random, bytes);
  Guarded k = random_activations(random, bytes);
  Guarded v = random_activations(random, bytes);
  return compare(
      random, bytes, attention_s8_scratch_bytes(layer),
      [&](int8_t* y, void* s) { ref::attention_s8(layer, q.data(), k.data(), v.data(), y, s); },
      [&](int8_t* y, void* s) { attention_s8(layer, q.data(), k.data(), v.data(), y, s); });
}

const char* check_softmax(uint32_t seed) {
  Random random(seed);
  SoftmaxS8 layer;
  layer.rows = random.between(1, 5);
  layer.columns = random.between(1, random.chance(20) ? 300 : 20);
  int16_t table[256];
  fill_exponentials(random, layer.columns, table);
  layer.exp_table = table;
  layer.multiplier = random.between(1 << 30, INT32_MAX);
  layer.shift = random.between(-8, 10);
  layer.y_zero_point = random.between(-128, 127);
  layer.min = random.chance(20) ? random.between(-128, 0) : -128;
  layer.max = random.chance(20) ? random.between(0, 127) : 127;
  const int32_t bytes = layer.rows * layer.columns;
  Guarded x = random_activations(random, bytes);
  return compare(
      random, bytes, 0, [&](int8_t* y, void*) { ref::softmax_s8(layer, x.data(), y); },
      [&](int8_t* y, void*) { softmax_s8(layer, x.data(), y); });
}

}  // namespace

const NamedCheck kChecks[] = {
    {"linear_s8", check_linear},
    {"linear_s8_rlc2",
     check_linear_sparse<2, encode_run_length, ref::linear_s8_rlc2, linear_s8_rlc2>},
    {"linear_s8_rlc4",
     check_linear_sparse<4, encode_run_length, ref::linear_s8_rlc4, linear_s8_rlc4>},
    {"linear_s8_bitmap2",
     check_linear_sparse<2, encode_bitmap, ref::linear_s8_bitmap2, linear_s8_bitmap2>},
    {"linear_s8_bitmap4",
     check_linear_sparse<4, encode_bitmap, ref::linear_s8_bitmap4, linear_s8_bitmap4>},
    {"conv2d_s8", check_conv2d},
    {"conv2d_s8_rlc2",
     check_conv2d_sparse<2, encode_run_length, ref::conv2d_s8_rlc2, conv2d_s8_rlc2>},
    {"conv2d_s8_rlc4",
     check_conv2d_sparse<4, encode_run_length, ref::conv2d_s8_rlc4, conv2d_s8_rlc4>},
    {"conv2d_s8_bitmap2",
     check_conv2d_sparse<2, encode_bitmap, ref::conv2d_s8_bitmap2, conv2d_s8_bitmap2>},
    {"conv2d_s8_bitmap4",
     check_conv2d_sparse<4, encode_bitmap, ref::conv2d_s8_bitmap4, conv2d_s8_bitmap4>},
    {"depthwise_conv2d_s8", check_depthwise},
    {"depthwise_conv2d_s8_rlc3",
     check_depthwise_sparse<encode_run_length, ref::depthwise_conv2d_s8_rlc3,
                            depthwise_conv2d_s8_rlc3>},
    {"depthwise_conv2d_s8_bitmap3",
     check_depthwise_sparse<encode_bitmap, ref::depthwise_conv2d_s8_bitmap3,
                            depthwise_conv2d_s8_bitmap3>},
    {"attention_s8", check_attention},
    {"softmax_s8", check_softmax},
};
const int32_t kCheckCount = sizeof kChecks / sizeof kChecks[0];

}  // namespace tinyformer::engine::parity
