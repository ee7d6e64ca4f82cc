// Random attention, pooling by attention, softmax and layer normalisation.
#include <stdio.h>

#include "engine/parity/checks.h"
#include "engine/parity/compare.h"
#include "engine/parity/random_layer.h"
#include "tinyformer/engine/attention_pool_s8.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/layernorm_s8.h"
#include "tinyformer/engine/softmax_s8.h"

namespace tinyformer::engine::parity {
namespace {

// The output stage of the softmax family; the shift lies in [-8, high].
template <typename Layer>
void random_row_output(Random& random, int32_t high, Layer& layer) {
  constexpr int32_t kMultipliers[] = {0, INT32_MAX, 1 << 30};
  layer.multiplier =
      random.chance(15) ? kMultipliers[random.between(0, 2)] : random.between(1 << 30, INT32_MAX);
  layer.shift = random.edge(-8, high);
  layer.y_zero_point = random.zero_point();
  random_limits(random, layer.min, layer.max);
}

}  // namespace

const char* check_attention_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  AttentionS8 layer;
  layer.tokens = random.chance(15) ? random.edge(10, 70) : random.edge(1, 9);
  layer.heads = random.between(1, 4);
  layer.channels = layer.heads * random.edge(1, random.chance(15) ? 64 : 19);
  layer.q_zero_point = random.zero_point();
  layer.k_zero_point = random.zero_point();
  layer.v_zero_point = random.zero_point();
  if (random.chance(60)) {
    layer.score_multiplier = random.between(1 << 20, 1 << 24);
    layer.score_shift = -1;
  } else {
    layer.score_shift = random.between(-3, 6);
    const int64_t bound = int64_t{layer.channels / layer.heads} * 255 * 255;
    layer.score_multiplier = random_multiplier(random, bound, layer.score_shift);
  }
  layer.score_zero_point = random.zero_point();
  layer.exp_table = hold(random, memory, random_exponentials(random, layer.tokens));
  random_row_output(random, 6, layer);
  const int32_t bytes = layer.tokens * layer.channels;
  snprintf(c.shape, sizeof c.shape, "%d tokens, %d channels, %d heads",
           static_cast<int>(layer.tokens), static_cast<int>(layer.channels),
           static_cast<int>(layer.heads));
  return compare(
      c, memory, {{bytes, bytes, bytes}, bytes, attention_s8_scratch_bytes(layer), 0},
      [&](const Buffers& b) { ref::attention_s8(layer, b.x[0], b.x[1], b.x[2], b.y, b.scratch); },
      [&](const Buffers& b) { attention_s8(layer, b.x[0], b.x[1], b.x[2], b.y, b.scratch); });
}

const char* check_attention_pool_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  AttentionPoolS8 layer;
  layer.tokens = random.chance(15) ? random.edge(10, 300) : random.edge(1, 9);
  layer.channels = random.edge(1, 40);
  layer.x_zero_point = random.zero_point();
  layer.exp_table = hold(random, memory, random_exponentials(random, layer.tokens));
  random_row_output(random, 6, layer);
  snprintf(c.shape, sizeof c.shape, "%d tokens, %d channels", static_cast<int>(layer.tokens),
           static_cast<int>(layer.channels));
  return compare(
      c, memory,
      {{layer.tokens, layer.tokens * layer.channels},
       layer.channels,
       attention_pool_s8_scratch_bytes(layer),
       -1},
      [&](const Buffers& b) { ref::attention_pool_s8(layer, b.x[0], b.x[1], b.y, b.scratch); },
      [&](const Buffers& b) { attention_pool_s8(layer, b.x[0], b.x[1], b.y, b.scratch); });
}

const char* check_softmax_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  SoftmaxS8 layer;
  layer.rows = random.edge(1, 5);
  layer.columns = random.chance(15) ? random.edge(10, 300) : random.edge(1, 20);
  layer.exp_table = hold(random, memory, random_exponentials(random, layer.columns));
  random_row_output(random, 10, layer);
  const int32_t bytes = layer.rows * layer.columns;
  snprintf(c.shape, sizeof c.shape, "%dx%d", static_cast<int>(layer.rows),
           static_cast<int>(layer.columns));
  return compare(
      c, memory, {{bytes}, bytes, 0, 0},
      [&](const Buffers& b) { ref::softmax_s8(layer, b.x[0], b.y); },
      [&](const Buffers& b) { softmax_s8(layer, b.x[0], b.y); });
}

const char* check_layernorm_s8(Case& c) {
  Random& random = c.random;
  GuardedMemory memory;
  LayernormS8 layer;
  layer.rows = random.edge(1, 9);
  layer.channels = random.chance(15) ? random.edge(70, 520) : random.edge(1, 70);
  // 2^k sqrt(channels - 1) < 32766
  int32_t most = 14;
  while ((int64_t{1} << (2 * most)) * (layer.channels - 1) >= int64_t{32766} * 32766) --most;
  constexpr int32_t kOftenUsed[] = {0, 7};
  layer.norm_bits = random.chance(60) ? most : kOftenUsed[random.between(0, 1)];
  // Small as compilers have it, near 2^32 where variances need a second word, and the largest.
  const int32_t kind = random.between(0, 9);
  layer.epsilon = uint64_t{1} + (random.next() >> random.between(0, 31));
  if (kind == 0) layer.epsilon = (uint64_t{1} << 62) - (uint64_t{1} << 40);
  if (kind == 1) layer.epsilon = (uint64_t{1} << 32) - random.next() % 1000000;
  std::vector<int16_t> gamma;
  std::vector<int32_t> beta;
  const int32_t largest_beta = random.chance(30) ? 1 << 30 : 1 << 24;
  for (int32_t i = 0; i < layer.channels; ++i) {
    const int32_t value = random.between(-32767, 32767);
    gamma.push_back(static_cast<int16_t>(random.chance(20) ? (value < 0 ? -32767 : 32767) : value));
    beta.push_back(random.between(-largest_beta, largest_beta));
  }
  layer.gamma = hold(random, memory, gamma);
  layer.beta = hold(random, memory, beta);
  layer.shift = random.chance(70) ? -17 : random.between(-31, 0);
  const int64_t bound = int64_t{1} << 31;
  layer.multiplier = random.chance(70) ? random.between(1 << 21, 1 << 27)
                                       : random_multiplier(random, bound, layer.shift);
  layer.y_zero_point = random.zero_point();
  random_limits(random, layer.min, layer.max);
  const int32_t bytes = layer.rows * layer.channels;
  snprintf(c.shape, sizeof c.shape, "%dx%d, %d bits", static_cast<int>(layer.rows),
           static_cast<int>(layer.channels), static_cast<int>(layer.norm_bits));
  return compare(
      c, memory, {{bytes}, bytes, 0, 0},
      [&](const Buffers& b) { ref::layernorm_s8(layer, b.x[0], b.y); },
      [&](const Buffers& b) { layernorm_s8(layer, b.x[0], b.y); });
}

}  // namespace tinyformer::engine::parity
