// Random linear layers, convolutions and depthwise convolutions, dense and sparse.
#include <stdio.h>

#include "engine/parity/checks.h"
#include "engine/parity/compare.h"
#include "engine/parity/random_layer.h"
#include "tinyformer/engine/conv2d_s8_sparse.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/linear_s8_sparse.h"

namespace tinyformer::engine::parity {
namespace {

template <typename Layer>
using Kernel = void (*)(const Layer& layer, const int8_t* x, int8_t* y, void* scratch);

template <typename Layer>
const char* compare_layer(Case& c, GuardedMemory& memory, const Layer& layer,
                          const BufferSizes& sizes, Kernel<Layer> reference, Kernel<Layer> kernel) {
  return compare(
      c, memory, sizes, [&](const Buffers& b) { reference(layer, b.x[0], b.y, b.scratch); },
      [&](const Buffers& b) { kernel(layer, b.x[0], b.y, b.scratch); });
}

// Of a linear layer; sometimes as many as inputs.
int32_t random_outputs(Random& random, int32_t in) {
  if (in > 70) return random.edge(1, 9);
  if (random.chance(20)) return in;
  return random.edge(1, random.chance(10) ? 50 : 13);
}

// 1 to 9 tokens are every remainder of the kernels' batches.
int32_t random_tokens(Random& random) {
  return random.chance(12) ? random.edge(10, 70) : random.edge(1, 9);
}

BufferSizes linear_sizes(int32_t tokens, int32_t in, int32_t out, int32_t scratch_bytes) {
  return {{tokens * in}, tokens * out, scratch_bytes, linear_s8_in_place(tokens, in, out) ? 0 : -1};
}

void describe_linear(Case& c, int32_t tokens, int32_t in, int32_t out) {
  snprintf(c.shape, sizeof c.shape, "%dx%d -> %d", static_cast<int>(tokens), static_cast<int>(in),
           static_cast<int>(out));
}

template <Encode kEncode, int kBlock, Kernel<LinearS8Sparse> kReference,
          Kernel<LinearS8Sparse> kKernel>
const char* check_linear_sparse(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const int32_t tokens = random_tokens(random);
  const bool wide = tokens < 10 && random.chance(15);
  const int32_t in = kBlock * random.edge(1, wide ? 700 : 70 / kBlock);
  const int32_t out = random_outputs(random, in);
  const RandomCode code = kEncode(random_weights(random, out, in, kBlock), kBlock);
  const SparseWeights weights = hold_code(random, memory, code);
  const RandomOutput output = random_output(random, memory, out, in);
  const LinearS8Sparse layer = {tokens, in, out, weights, output.bias, output.stage};
  describe_linear(c, tokens, in, out);
  const BufferSizes sizes = linear_sizes(tokens, in, out, linear_s8_sparse_scratch_bytes(layer));
  return compare_layer<LinearS8Sparse>(c, memory, layer, sizes, kReference, kKernel);
}

BufferSizes conv2d_sizes(const Conv2dShape& s, int32_t scratch_bytes) {
  return {{s.in_h * s.in_w * s.in_channels}, s.out_h * s.out_w * s.out_channels, scratch_bytes, -1};
}

template <Encode kEncode, int kBlock, Kernel<Conv2dS8Sparse> kReference,
          Kernel<Conv2dS8Sparse> kKernel>
const char* check_conv2d_sparse(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const Conv2dShape shape = random_conv2d_shape(random, kBlock);
  const int32_t taps = conv2d_taps(shape);
  const RandomCode code = kEncode(random_weights(random, shape.out_channels, taps, kBlock), kBlock);
  const SparseWeights weights = hold_code(random, memory, code);
  const RandomOutput output = random_output(random, memory, shape.out_channels, taps);
  const Conv2dS8Sparse layer = {shape, random.zero_point(), weights, output.bias, output.stage};
  describe(shape, c.shape, sizeof c.shape);
  return compare_layer<Conv2dS8Sparse>(c, memory, layer,
                                       conv2d_sizes(shape, conv2d_s8_sparse_scratch_bytes(layer)),
                                       kReference, kKernel);
}

// A random shape with one filter a channel, often the 3 x 3 of stride 1 or 2 that goes by planes:
// narrower than a plane, or wider.
Conv2dShape random_depthwise_shape(Random& random, bool three_wide) {
  Conv2dShape s = random_conv2d_shape(random, 1);
  if (random.chance(50)) {
    s.kernel_h = s.kernel_w = 3;
    s.stride_h = s.stride_w = random.chance(30) ? 2 : 1;
    s.dilation_h = s.dilation_w = 1;
    random_image(random, s);
    if (random.chance(40)) {
      const int32_t wider = s.stride_w * random.between(1, 40);
      s.in_w += wider;
      s.out_w += wider / s.stride_w;
    } else if (random.chance(8)) {  // around the highest plane
      const int32_t higher = s.stride_h * random.between(60, 135);
      s.in_h += higher;
      s.out_h += higher / s.stride_h;
    }
  }
  int32_t channels = random.chance(15) ? random.edge(1, 70) : random.edge(1, 13);
  if (three_wide && s.kernel_w % 3 != 0) {
    s.kernel_w = 3;
    random_image(random, s);
  }
  const int32_t fitting = 8000 / (s.in_h * s.in_w);
  if (channels > fitting) channels = fitting > 1 ? fitting : 1;
  s.in_channels = s.out_channels = s.groups = channels;
  return s;
}

BufferSizes depthwise_sizes(const Conv2dShape& s) {
  BufferSizes sizes = conv2d_sizes(s, depthwise_conv2d_s8_scratch_bytes(s));
  if (depthwise_conv2d_s8_in_place(s) && sizes.y <= sizes.x[0]) sizes.in_place = 0;
  return sizes;
}

template <Encode kEncode, Kernel<DepthwiseConv2dS8Sparse> kReference,
          Kernel<DepthwiseConv2dS8Sparse> kKernel>
const char* check_depthwise_sparse(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const Conv2dShape shape = random_depthwise_shape(random, true);
  const int32_t taps = conv2d_taps(shape);
  const RandomCode code = kEncode(random_weights(random, shape.out_channels, taps, 3), 3);
  const SparseWeights weights = hold_code(random, memory, code);
  const RandomOutput output = random_output(random, memory, shape.out_channels, taps);
  const DepthwiseConv2dS8Sparse layer = {shape, random.zero_point(), weights, output.bias,
                                         output.stage};
  describe(shape, c.shape, sizeof c.shape);
  return compare_layer<DepthwiseConv2dS8Sparse>(c, memory, layer, depthwise_sizes(shape),
                                                kReference, kKernel);
}

}  // namespace

const char* check_linear_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const int32_t tokens = random_tokens(random);
  const int32_t in = random.edge(1, tokens < 10 && random.chance(15) ? 500 : 70);
  const int32_t out = random_outputs(random, in);
  const int8_t* weights =
      hold(random, memory, random_weights(random, out, in, random.between(1, 4)), kWeightAlignment);
  const RandomOutput output = random_output(random, memory, out, in);
  const LinearS8 layer = {tokens, in, out, weights, output.bias, output.stage};
  describe_linear(c, tokens, in, out);
  const BufferSizes sizes = linear_sizes(tokens, in, out, linear_s8_scratch_bytes(layer));
  return compare_layer<LinearS8>(c, memory, layer, sizes, ref::linear_s8, linear_s8);
}

const char* check_linear_s8_rlc2(Case& c) {
  return check_linear_sparse<encode_run_length, 2, ref::linear_s8_rlc2, linear_s8_rlc2>(c);
}
const char* check_linear_s8_rlc4(Case& c) {
  return check_linear_sparse<encode_run_length, 4, ref::linear_s8_rlc4, linear_s8_rlc4>(c);
}
const char* check_linear_s8_bitmap2(Case& c) {
  return check_linear_sparse<encode_bitmap, 2, ref::linear_s8_bitmap2, linear_s8_bitmap2>(c);
}
const char* check_linear_s8_bitmap4(Case& c) {
  return check_linear_sparse<encode_bitmap, 4, ref::linear_s8_bitmap4, linear_s8_bitmap4>(c);
}

const char* check_conv2d_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const Conv2dShape shape = random_conv2d_shape(random, 1);
  const int32_t taps = conv2d_taps(shape);
  const int8_t* weights =
      hold(random, memory, random_weights(random, shape.out_channels, taps, 4), kWeightAlignment);
  const RandomOutput output = random_output(random, memory, shape.out_channels, taps);
  const Conv2dS8 layer = {shape, random.zero_point(), weights, output.bias, output.stage};
  describe(shape, c.shape, sizeof c.shape);
  return compare_layer<Conv2dS8>(c, memory, layer,
                                 conv2d_sizes(shape, conv2d_s8_scratch_bytes(layer)),
                                 ref::conv2d_s8, conv2d_s8);
}

const char* check_conv2d_s8_rlc2(Case& c) {
  return check_conv2d_sparse<encode_run_length, 2, ref::conv2d_s8_rlc2, conv2d_s8_rlc2>(c);
}
const char* check_conv2d_s8_rlc4(Case& c) {
  return check_conv2d_sparse<encode_run_length, 4, ref::conv2d_s8_rlc4, conv2d_s8_rlc4>(c);
}
const char* check_conv2d_s8_bitmap2(Case& c) {
  return check_conv2d_sparse<encode_bitmap, 2, ref::conv2d_s8_bitmap2, conv2d_s8_bitmap2>(c);
}
const char* check_conv2d_s8_bitmap4(Case& c) {
  return check_conv2d_sparse<encode_bitmap, 4, ref::conv2d_s8_bitmap4, conv2d_s8_bitmap4>(c);
}

const char* check_depthwise_conv2d_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  const Conv2dShape shape = random_depthwise_shape(random, false);
  const int32_t taps = conv2d_taps(shape);
  const int8_t* weights =
      hold(random, memory, random_weights(random, shape.out_channels, taps, 1), kWeightAlignment);
  const RandomOutput output = random_output(random, memory, shape.out_channels, taps);
  const DepthwiseConv2dS8 layer = {shape, random.zero_point(), weights, output.bias, output.stage};
  describe(shape, c.shape, sizeof c.shape);
  return compare_layer<DepthwiseConv2dS8>(c, memory, layer, depthwise_sizes(shape),
                                          ref::depthwise_conv2d_s8, depthwise_conv2d_s8);
}

const char* check_depthwise_conv2d_s8_rlc3(Case& c) {
  return check_depthwise_sparse<encode_run_length, ref::depthwise_conv2d_s8_rlc3,
                                depthwise_conv2d_s8_rlc3>(c);
}
const char* check_depthwise_conv2d_s8_bitmap3(Case& c) {
  return check_depthwise_sparse<encode_bitmap, ref::depthwise_conv2d_s8_bitmap3,
                                depthwise_conv2d_s8_bitmap3>(c);
}

}  // namespace tinyformer::engine::parity
