#include "compiler/cost/cycle_table.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace tinyformer {

// Starting values, from Cortex-M7 issue rules: one dual 16-bit MAC a cycle, two loads for it, one
// decode for four tokens; about ten cycles for one requantised output. `tinyformer profile` shows
// the emulator's figures to fit them to.
const std::vector<KernelCycles>& CycleTable() {
  static const std::vector<KernelCycles> table = {
      // kernel                      per_mac per_output per_exponential fixed
      {"add_s8", 0, 8, 0, 50},
      {"attention_pool_s8", 3, 20, 10, 200},
      {"attention_s8", 1.6, 20, 14, 500},
      {"average_pool2d_s8", 0, 30, 0, 100},
      {"conv2d_s8", 1.3, 12, 0, 500},
      {"conv2d_s8_bitmap2", 2.2, 12, 0, 500},
      {"conv2d_s8_bitmap4", 1.5, 12, 0, 500},
      {"conv2d_s8_rlc2", 1.8, 12, 0, 500},
      {"conv2d_s8_rlc4", 1.3, 12, 0, 500},
      {"depthwise_conv2d_s8", 4, 14, 0, 500},
      {"depthwise_conv2d_s8_bitmap3", 4, 14, 0, 500},
      {"depthwise_conv2d_s8_rlc3", 4, 14, 0, 500},
      {"layernorm_s8", 0, 22, 0, 100},
      {"linear_s8", 1.2, 12, 0, 300},
      {"linear_s8_bitmap2", 2.2, 12, 0, 300},
      {"linear_s8_bitmap4", 1.5, 12, 0, 300},
      {"linear_s8_rlc2", 1.8, 12, 0, 300},
      {"linear_s8_rlc4", 1.3, 12, 0, 300},
      {"max_pool2d_s8", 0, 16, 0, 100},
      {"requantize_s8", 0, 8, 0, 50},
      {"softmax_s8", 0, 4, 12, 100},
      {"transpose_s8", 0, 8, 0, 100},
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
