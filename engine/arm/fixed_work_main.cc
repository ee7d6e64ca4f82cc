// Counts the instructions of kernels on an emulated Cortex-M: the same for every input.
//
// The emulator runs with -icount shift=6: an instruction takes 64 ns, so the machine's 25 MHz timer
// gains 8 ticks in 5 instructions and two equal runs differ by at most one tick.
#include <string.h>

#include "engine/arm/emulator_support.h"
#include "tinyformer/engine/add_s8.h"
#include "tinyformer/engine/attention_pool_s8.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/layernorm_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/linear_s8_sparse.h"
#include "tinyformer/engine/pool2d_s8.h"
#include "tinyformer/engine/requantize_s8.h"
#include "tinyformer/engine/softmax_s8.h"

extern "C" void HardFault_Handler() {
  tinyformer::engine::arm::print("fault\n");
  tinyformer::engine::arm::exit_emulator(2);
}

namespace tinyformer::engine {
namespace {

constexpr int32_t kTokens = 10;
constexpr int32_t kChannels = 20;
constexpr int32_t kBytes = kTokens * kChannels;

alignas(4) int8_t a[kBytes], b[kBytes], c[kBytes], y[4 * kBytes];
alignas(4) uint8_t scratch[8192];
alignas(4) int8_t weights[9 * kChannels * kChannels];
uint8_t distances[kChannels * kChannels / 4];
int32_t bias[kChannels], multiplier[kChannels];
int16_t exponentials[256], gamma[kChannels];

uint32_t state = 1;

int8_t next_byte() {
  state = state * 1664525u + 1013904223u;
  return static_cast<int8_t>(state >> 24);
}

// Ticks of the machine's first timer so far (it counts down).
uint32_t ticks() { return ~*reinterpret_cast<volatile uint32_t*>(0x40000004); }
void start_timer() {
  *reinterpret_cast<volatile uint32_t*>(0x40000008) = 0xffffffff;  // RELOAD
  *reinterpret_cast<volatile uint32_t*>(0x40000004) = 0xffffffff;  // VALUE
  *reinterpret_cast<volatile uint32_t*>(0x40000000) = 1;           // CTRL: enable
}

// Layers whose activations are a, b and c and whose output is y. Output stages with a shift of -1
// and the full range take the assembly, others the C++ loops: both are run.
constexpr Conv2dShape kConv = {5, 2, kChannels, 5, 2, kChannels, 3, 3, 1, 1, 1, 1, 1, 1, 1};
constexpr Conv2dShape kDepthwise = {5, 2, kChannels, 5, 2, kChannels, 3,        3,
                                    1, 1, 1,         1, 1, 1,         kChannels};
constexpr OutputS8 kFast = {multiplier, -1, 3, -128, 127};
constexpr OutputS8 kGeneral = {multiplier, -2, 3, -100, 90};

void run_linear() {
  linear_s8({kTokens, kChannels, kChannels, weights, bias, kFast}, a, y, scratch);
  linear_s8({kTokens, kChannels, kChannels, weights, bias, kGeneral}, a, y, scratch);
}
void run_linear_sparse() {
  const SparseWeights code = {distances, weights, kChannels * kChannels / 4};
  linear_s8_rlc4({kTokens, kChannels, kChannels, code, bias, kFast}, a, y, scratch);
  linear_s8_rlc4({kTokens, kChannels, kChannels, code, bias, kGeneral}, a, y, scratch);
}
void run_conv2d() { conv2d_s8({kConv, 5, weights, bias, kFast}, a, y, scratch); }
void run_depthwise() {
  depthwise_conv2d_s8({kDepthwise, 5, weights, bias, kFast}, a, y, scratch);
  Conv2dShape strided = kDepthwise;
  strided.stride_h = 2;
  strided.out_h = 3;
  depthwise_conv2d_s8({strided, 5, weights, bias, kGeneral}, a, y, scratch);
}
void run_attention() {
  AttentionS8 layer = {kTokens, kChannels,    4,       1, -2, 3,    1 << 22, -1,
                       0,       exponentials, 1 << 30, 0, 0,  -128, 127};
  attention_s8(layer, a, b, c, y, scratch);
  layer.score_shift = -2;
  attention_s8(layer, a, b, c, y, scratch);
}
void run_attention_pool() {
  attention_pool_s8({kTokens, kChannels, 3, exponentials, 1 << 30, 0, 0, -128, 127}, b, a, y,
                    scratch);
}
void run_softmax() {
  softmax_s8({kTokens, kChannels, exponentials, 1 << 30, 9, -128, -128, 127}, a, y);
}
void run_layernorm() {
  layernorm_s8({kTokens, kChannels, 3, 12, gamma, bias, 1 << 20, -1, 0, -128, 127}, a, y);
}
void run_add() { add_s8({kBytes, 3, 1 << 20, 5, 1 << 20, 20, 1, -128, 127}, a, b, y); }
void run_requantize() { requantize_s8({kBytes, 3, 1 << 30, 0, 1, -128, 127}, a, y); }
void run_pools() {
  constexpr Pool2dShape kPool = {5, 2, kChannels, 2, 1, 2, 2, 2, 2, 0, 0};
  max_pool2d_s8(kPool, a, y);
  average_pool2d_s8({kPool, 3, 1 << 29, nullptr, 0, 1, -128, 127}, a, y);
}

struct NamedRun {
  const char* kernel;
  void (*run)();
};
constexpr NamedRun kRuns[] = {{"linear_s8", run_linear},
                              {"linear_s8_rlc4", run_linear_sparse},
                              {"conv2d_s8", run_conv2d},
                              {"depthwise_conv2d_s8", run_depthwise},
                              {"attention_s8", run_attention},
                              {"attention_pool_s8", run_attention_pool},
                              {"softmax_s8", run_softmax},
                              {"layernorm_s8", run_layernorm},
                              {"add_s8", run_add},
                              {"requantize_s8", run_requantize},
                              {"max_pool2d_s8, average_pool2d_s8", run_pools}};

// Input 0 and 1 are constant, 2 alternates between the extremes, the others are random.
void fill_inputs(int input) {
  int8_t* const tensors[] = {a, b, c};
  for (int8_t* tensor : tensors) {
    for (int32_t i = 0; i < kBytes; ++i) {
      const int8_t extreme = (i & 1) != 0 ? int8_t{127} : int8_t{-128};
      const int8_t same = input == 0 ? int8_t{-128} : int8_t{50};
      tensor[i] = input < 2 ? same : (input == 2 ? extreme : next_byte());
    }
  }
}

// True when every input takes the same time, give or take a tick.
bool takes_fixed_work(const NamedRun& named) {
  uint32_t least = UINT32_MAX;
  uint32_t most = 0;
  for (int input = 0; input < 12; ++input) {
    fill_inputs(input);
    const uint32_t start = ticks();
    named.run();
    const uint32_t taken = ticks() - start;
    least = taken < least ? taken : least;
    most = taken > most ? taken : most;
  }
  return least > 0 && most - least <= 1;
}

}  // namespace
}  // namespace tinyformer::engine

int main() {
  using namespace tinyformer::engine;
  for (int8_t& weight : weights) weight = static_cast<int8_t>(next_byte() | 1);
  memset(distances, 1, sizeof distances);
  for (int32_t i = 0; i < kChannels; ++i) {
    bias[i] = 100 * next_byte();
    multiplier[i] = 1 << 24;
    gamma[i] = static_cast<int16_t>(100 * next_byte());
  }
  for (int i = 0; i < 256; ++i) exponentials[i] = static_cast<int16_t>(32767 >> (i / 16));
  start_timer();
  uint32_t status = 0;
  for (const NamedRun& named : kRuns) {
    const bool fixed = takes_fixed_work(named);
    if (!fixed) status = 1;
    arm::print(named.kernel);
    arm::print(fixed ? ": same work for every input\n" : ": work depends on the input\n");
  }
  arm::exit_emulator(status);
}
