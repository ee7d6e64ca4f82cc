#include "compiler/cost/cycle_table.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace tinyformer {

// Least squares (coefficients not negative, relative errors) over per-layer profiles of 15
// generated networks in the emulator: 32 to 128 channels, 16x16 and 8x8 tokens, 35 and 70 %
// sparsity, every code; GCC 12 -O2. Largest error of a layer with at least four tokens: 15 %;
// single-token layers are up to 70 % off. requantize_s8 takes the figures of add_s8.
const std::vector<KernelCycles>& CycleTable() {
  static const std::vector<KernelCycles> table = {
      // kernel, per MAC, dense MAC, gather, output, exponential, fixed
      {"add_s8", 0, 0, 0, 16, 0, 0},
      {"attention_pool_s8", 6.11, 0, 0, 0, 22.3, 0},
      {"attention_s8", 0.734, 0, 0, 31.8, 13.2, 0},
      {"average_pool2d_s8", 0, 0, 0, 101, 0, 0},
      {"conv2d_s8", 1.28, 0, 5.75, 49.7, 0, 0},
      {"conv2d_s8_bitmap2", 2.6, 0.319, 5.64, 7.74, 0, 0},
      {"conv2d_s8_bitmap4", 1.68, 0.155, 3.99, 18.5, 0, 0},
      {"conv2d_s8_rlc2", 3.07, 0, 5.83, 17, 0, 0},
      {"conv2d_s8_rlc4", 1.78, 0, 4.03, 20.3, 0, 0},
      {"depthwise_conv2d_s8", 4.37, 0, 0, 0, 0, 0},
      {"depthwise_conv2d_s8_bitmap3", 0.056, 4.43, 0, 0, 0, 0},
      {"depthwise_conv2d_s8_rlc3", 0.054, 4.42, 0, 0, 0, 0},
      {"layernorm_s8", 0, 0, 0, 44.3, 0, 0},
      {"linear_s8", 0.723, 0, 0, 12, 0, 4438},
      {"linear_s8_bitmap2", 1.22, 0.457, 0, 11.6, 0, 6672},
      {"linear_s8_bitmap4", 0.813, 0.233, 0, 11.3, 0, 5798},
      {"linear_s8_rlc2", 1.25, 0, 0, 12.1, 0, 6539},
      {"linear_s8_rlc4", 0.84, 0, 0, 10.9, 0, 5193},
      {"max_pool2d_s8", 0, 0, 0, 89.1, 0, 0},
      {"requantize_s8", 0, 0, 0, 16, 0, 0},
      {"softmax_s8", 0, 0, 0, 41.7, 0, 0},
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
      {"conv2d_s8", 2600},
      {"conv2d_s8_bitmap2", 3000},
      {"conv2d_s8_bitmap4", 3000},
      {"conv2d_s8_rlc2", 2600},
      {"conv2d_s8_rlc4", 2600},
      {"depthwise_conv2d_s8", 1600},
      {"depthwise_conv2d_s8_bitmap3", 1800},
      {"depthwise_conv2d_s8_rlc3", 1800},
      {"layernorm_s8", 1200},
      {"linear_s8", 1600},
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
