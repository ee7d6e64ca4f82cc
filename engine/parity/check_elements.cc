// Random additions, changes of scale, poolings and transpositions.
#include <stdio.h>

#include "engine/parity/checks.h"
#include "engine/parity/compare.h"
#include "engine/parity/random_layer.h"
#include "tinyformer/engine/add_s8.h"
#include "tinyformer/engine/pool2d_s8.h"
#include "tinyformer/engine/requantize_s8.h"
#include "tinyformer/engine/transpose_s8.h"

namespace tinyformer::engine::parity {
namespace {

// Windows of a pooling cover at least one pixel of the image.
Pool2dShape random_pool_shape(Random& random) {
  Pool2dShape s = {};
  s.channels = random.chance(15) ? random.edge(1, 70) : random.edge(1, 13);
  s.kernel_h = random.edge(1, 5);
  s.kernel_w = random.edge(1, 5);
  s.stride_h = random.between(1, 3);
  s.stride_w = random.between(1, 3);
  if (random.chance(20)) s.kernel_h = s.kernel_w = s.stride_h = s.stride_w = 2;
  const auto axis = [&](int32_t kernel, int32_t stride, int32_t& in, int32_t& pad, int32_t& out) {
    pad = random.between(0, kernel - 1);
    const int32_t after = random.between(0, kernel - 1);
    const int32_t least = kernel - pad - after;
    in = random.edge(least > 1 ? least : 1, 11);
    out = (in + pad + after - kernel) / stride + 1;
    // The last window starts before the image ends.
    while (out > 1 && (out - 1) * stride - pad >= in) --out;
  };
  axis(s.kernel_h, s.stride_h, s.in_h, s.pad_top, s.out_h);
  axis(s.kernel_w, s.stride_w, s.in_w, s.pad_left, s.out_w);
  if (random.chance(10)) {  // the whole image
    s.kernel_h = s.in_h;
    s.kernel_w = s.in_w;
    s.pad_top = s.pad_left = 0;
    s.out_h = s.out_w = 1;
  }
  return s;
}

void describe_pool(Case& c, const Pool2dShape& s) {
  const auto i = [](int32_t value) { return static_cast<int>(value); };
  snprintf(c.shape, sizeof c.shape,
           "%dx%dx%d -> %dx%d, kernel %dx%d, stride %d,%d, pad top %d left %d", i(s.in_h),
           i(s.in_w), i(s.channels), i(s.out_h), i(s.out_w), i(s.kernel_h), i(s.kernel_w),
           i(s.stride_h), i(s.stride_w), i(s.pad_top), i(s.pad_left));
}

BufferSizes pool_sizes(const Pool2dShape& s) {
  return {{s.in_h * s.in_w * s.channels}, s.out_h * s.out_w * s.channels, 0, -1};
}

int32_t random_elements(Random& random) { return random.edge(1, random.chance(20) ? 300 : 40); }

}  // namespace

const char* check_add_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  AddS8 layer;
  layer.elements = random_elements(random);
  layer.a_zero_point = random.zero_point();
  layer.b_zero_point = random.zero_point();
  layer.shift = random.edge(1, 22);
  // 255 * (a_multiplier + b_multiplier) + 2^(shift-1) < 2^30
  const int32_t most = ((1 << 30) - 1 - (1 << (layer.shift - 1))) / 255;
  layer.a_multiplier = random.edge(0, most);
  layer.b_multiplier = random.edge(0, most - layer.a_multiplier);
  layer.y_zero_point = random.zero_point();
  random_limits(random, layer.min, layer.max);
  const int32_t n = layer.elements;
  snprintf(c.shape, sizeof c.shape, "%d, shift %d", static_cast<int>(n),
           static_cast<int>(layer.shift));
  return compare(
      c, memory, {{n, n}, n, 0, random.between(0, 1)},
      [&](const Buffers& b) { ref::add_s8(layer, b.x[0], b.x[1], b.y); },
      [&](const Buffers& b) { add_s8(layer, b.x[0], b.x[1], b.y); });
}

const char* check_requantize_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  RequantizeS8 layer;
  layer.elements = random_elements(random);
  layer.x_zero_point = random.zero_point();
  layer.shift = random.chance(50) ? random.between(-2, 2) : random.edge(-31, 22);
  layer.multiplier = random_multiplier(random, 255, layer.shift);
  layer.y_zero_point = random.zero_point();
  random_limits(random, layer.min, layer.max);
  const int32_t n = layer.elements;
  snprintf(c.shape, sizeof c.shape, "%d, shift %d", static_cast<int>(n),
           static_cast<int>(layer.shift));
  return compare(
      c, memory, {{n}, n, 0, 0}, [&](const Buffers& b) { ref::requantize_s8(layer, b.x[0], b.y); },
      [&](const Buffers& b) { requantize_s8(layer, b.x[0], b.y); });
}

const char* check_max_pool2d_s8(Case& c) {
  GuardedMemory memory;
  const Pool2dShape shape = random_pool_shape(c.random);
  describe_pool(c, shape);
  return compare(
      c, memory, pool_sizes(shape),
      [&](const Buffers& b) { ref::max_pool2d_s8(shape, b.x[0], b.y); },
      [&](const Buffers& b) { max_pool2d_s8(shape, b.x[0], b.y); });
}

const char* check_average_pool2d_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  AveragePool2dS8 layer;
  layer.shape = random_pool_shape(random);
  const int32_t window = layer.shape.kernel_h * layer.shape.kernel_w;
  const int64_t bound = int64_t{255} * window;
  layer.x_zero_point = random.zero_point();
  layer.shift = random.chance(70) ? -1 : random.between(-8, 8);
  layer.multiplier = random_multiplier(random, bound, layer.shift);
  layer.border_multiplier = nullptr;
  if (random.chance(50)) {
    std::vector<int32_t> border;
    for (int32_t i = 0; i < window; ++i) {
      border.push_back(random_multiplier(random, bound, layer.shift));
    }
    layer.border_multiplier = hold(random, memory, border);
  }
  layer.y_zero_point = random.zero_point();
  random_limits(random, layer.min, layer.max);
  describe_pool(c, layer.shape);
  return compare(
      c, memory, pool_sizes(layer.shape),
      [&](const Buffers& b) { ref::average_pool2d_s8(layer, b.x[0], b.y); },
      [&](const Buffers& b) { average_pool2d_s8(layer, b.x[0], b.y); });
}

const char* check_transpose_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  TransposeS8 layer = {{1, 1, 1, 1}, {0, 1, 2, 3}};
  int32_t n = 1;
  for (int i = 0; i < 4; ++i) {
    layer.shape[i] = random.chance(25) ? 1 : random.edge(1, 9);
    n *= layer.shape[i];
    const int j = static_cast<int>(random.between(i, 3));
    const int32_t axis = layer.perm[i];
    layer.perm[i] = layer.perm[j];
    layer.perm[j] = axis;
  }
  const auto at = [](int32_t value) { return static_cast<int>(value); };
  snprintf(c.shape, sizeof c.shape, "%dx%dx%dx%d, perm %d %d %d %d", at(layer.shape[0]),
           at(layer.shape[1]), at(layer.shape[2]), at(layer.shape[3]), at(layer.perm[0]),
           at(layer.perm[1]), at(layer.perm[2]), at(layer.perm[3]));
  return compare(
      c, memory, {{n}, n, 0, -1}, [&](const Buffers& b) { ref::transpose_s8(layer, b.x[0], b.y); },
      [&](const Buffers& b) { transpose_s8(layer, b.x[0], b.y); });
}

}  // namespace tinyformer::engine::parity
