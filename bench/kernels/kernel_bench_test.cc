#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "bench/kernels/measure_kernel.h"
#include "compiler/cost/cycle_table.h"

namespace tinyformer::bench {
namespace {

KernelCase FindCase(const std::string& kernel, const std::string& shape) {
  for (const KernelCase& found : KernelCases())
    if (found.kernel == kernel && found.shape == shape) return found;
  ADD_FAILURE() << "no case " << kernel << " " << shape;
  return {};
}

TEST(KernelCases, EveryLineOfTheTableIsAnother) {
  std::set<std::string> lines;
  for (const KernelCase& found : KernelCases()) {
    EXPECT_TRUE(lines.insert(found.kernel + found.shape + std::to_string(found.sparsity)).second)
        << found.kernel << " " << found.shape << " " << found.sparsity;
    EXPECT_EQ(found.graph.nodes.size(), 1u);
    EXPECT_GT(found.work, 0);
  }
}

TEST(KernelCases, TheirLayersHaveTheKernels) {
  for (const KernelCase& found : KernelCases()) EXPECT_EQ(KernelOf(found).name, found.kernel);
}

TEST(KernelCases, EveryKernelOfTheCostTableIsThere) {
  std::set<std::string> measured;
  for (const KernelCase& found : KernelCases()) measured.insert(found.kernel);
  for (const KernelCycles& cost : CycleTable()) {
    const std::string line = cost.line;
    if (line.ends_with(" portable")) continue;  // other limits of the same kernel
    EXPECT_TRUE(measured.contains(line)) << line;
  }
}

TEST(MeasureKernel, GivesTheSameCountsAgainAndMoreForPlainLoops) {
  const KernelCase measured = FindCase("linear_s8", "256x44->132");
  const Board board = FindBoard("stm32f746");
  const KernelCost fast = MeasureKernel(measured, board, EngineBuild::kFast);
  const KernelCost again = MeasureKernel(measured, board, EngineBuild::kFast);
  EXPECT_EQ(fast.instructions, again.instructions);
  EXPECT_EQ(fast.cycles_estimate, again.cycles_estimate);
  EXPECT_GT(static_cast<int64_t>(fast.instructions), measured.work / 2);  // at best two MACs each
  const KernelCost plain = MeasureKernel(measured, board, EngineBuild::kPlain);
  EXPECT_GT(plain.cycles_estimate, 2 * fast.cycles_estimate);
}

TEST(MeasureKernel, NamesAnotherKernelThanTheCases) {
  KernelCase measured = FindCase("layernorm_s8", "64x192");
  measured.kernel = "softmax_s8";
  try {
    MeasureKernel(measured, FindBoard("stm32f746"), EngineBuild::kFast);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error[bench/kernel] softmax_s8 64x192\n  expected: one of: layernorm_s8\n"
                 "  found:    this kernel\n  fix:      correct bench/kernels/kernel_cases.cc");
  }
}

TEST(RowJson, LeavesOutWhatWasNotMeasured) {
  KernelRow row;
  row.measured.kernel = "linear_s8";
  row.measured.shape = "1x2->3";
  row.measured.work = 6;
  row.measured.unit = "MAC";
  row.fast = {10, 7, 1};
  row.dense_plain = {40, 30, std::nullopt};
  const Json json = RowJson(row);
  EXPECT_EQ(json.at("fast").at("cycles_estimate"), 7);
  EXPECT_EQ(json.at("plain_dense").at("instructions"), 40);
  EXPECT_TRUE(json.at("plain_dense").at("stall_estimate").is_null());
  EXPECT_TRUE(json.at("plain_one_token").is_null());
}

}  // namespace
}  // namespace tinyformer::bench
