#include "compiler/cost/cycle_table.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace tinyformer {

// Least squares (coefficients not negative, relative errors) over per-layer profiles of 15
// generated networks in the emulator: 32 to 128 channels, 16x16 and 8x8 tokens, 35 and 70 %
// sparsity, every code, outputs clamped to the whole int8 range; GCC 12 -O2. Largest error of a
// layer with at least four tokens: 26 % (max pool), 20 % (dense conv2d), 12 % (others);
// single-token layers are up to 67 % off. A conv2d with a narrower clamp takes the slower C++ rows.
// requantize_s8 takes add_s8's figures.
const std::vector<KernelCycles>& CycleTable() {
  static const std::vector<KernelCycles> table = {
      // kernel, per MAC, dense MAC, gather, output, exponential, fixed
      {"add_s8", 0, 0, 0, 16, 0, 0},
      {"attention_pool_s8", 6.14, 0, 0, 0, 19.4, 0},
      {"attention_s8", 0.731, 0, 0, 32, 13.2, 0},
      {"average_pool2d_s8", 0, 0, 0, 102, 0, 0},
      {"conv2d_s8", 0.664, 0, 5.1, 36.3, 0, 0},
      {"conv2d_s8_bitmap2", 1.19, 0.176, 2.38, 0, 0, 0},
      {"conv2d_s8_bitmap4", 0.784, 0.088, 2.83, 0, 0, 0},
      {"conv2d_s8_rlc2", 1.22, 0, 5.89, 3.74, 0, 0},
      {"conv2d_s8_rlc4", 0.792, 0, 4.11, 7.05, 0, 0},
      {"depthwise_conv2d_s8", 1.6, 0, 0, 0, 0, 0},
      {"depthwise_conv2d_s8_bitmap3", 0.4, 1.15, 0, 0, 0, 0},
      {"depthwise_conv2d_s8_rlc3", 0.4, 1.13, 0, 0, 0, 0},
      {"layernorm_s8", 0, 0, 0, 44.3, 0, 0},
      {"linear_s8", 0.723, 0, 0, 11.9, 0, 4432},
      {"linear_s8_bitmap2", 1.21, 0.105, 0, 10.6, 0, 7410},
      {"linear_s8_bitmap4", 0.811, 0.053, 0, 10.2, 0, 6940},
      {"linear_s8_rlc2", 1.28, 0, 0, 12, 0, 7399},
      {"linear_s8_rlc4", 0.855, 0, 0, 10.9, 0, 6687},
      {"max_pool2d_s8", 0, 0, 0, 83.6, 0, 0},
      {"requantize_s8", 0, 0, 0, 16, 0, 0},
      {"softmax_s8", 0, 0, 0, 42, 0, 0},
      {"transpose_s8", 0, 0, 0, 12.8, 0, 0},
  };
  return table;
}

namespace {

const std::vector<KernelCode>& CodeTable() {
  static const std::vector<KernelCode> table = {
      {"add_s8", 300},
      {"attention_pool_s8", 700},
      {"attention_s8", 2600},
      {"average_pool2d_s8", 700},
      {"conv2d_s8", 3200},
      {"conv2d_s8_bitmap2", 3000},
      {"conv2d_s8_bitmap4", 3000},
      {"conv2d_s8_rlc2", 2600},
      {"conv2d_s8_rlc4", 2600},
      {"depthwise_conv2d_s8", 6000},
      {"depthwise_conv2d_s8_bitmap3", 7000},
      {"depthwise_conv2d_s8_rlc3", 7000},
      {"layernorm_s8", 2400},
      {"linear_s8", 2600},
      {"linear_s8_bitmap2", 2000},
      {"linear_s8_bitmap4", 2000},
      {"linear_s8_rlc2", 1800},
      {"linear_s8_rlc4", 1800},
      {"max_pool2d_s8", 700},
      {"requantize_s8", 200},
      {"softmax_s8", 600},
      {"transpose_s8", 400},
  };
  return table;
}

template <typename Line>
const Line& Find(const std::vector<Line>& table, const std::string& kernel) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Line& line) { return line.kernel == kernel; });
  TF_CHECK(found != table.end(), "kernel", kernel);
  return *found;
}

}  // namespace

const KernelCycles& CyclesOf(const std::string& kernel) { return Find(CycleTable(), kernel); }

int CodeBytes(const std::vector<std::string>& kernels) {
  int bytes = 0;
  for (const std::string& kernel : std::set<std::string>(kernels.begin(), kernels.end())) {
    bytes += Find(CodeTable(), kernel).bytes;
  }
  return bytes;
}

}  // namespace tinyformer
