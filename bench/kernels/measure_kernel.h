// What a kernel costs in the emulator, as firmware of one layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "bench/kernels/kernel_cases.h"
#include "compiler/plan/kernel.h"
#include "sim/board.h"

namespace tinyformer::bench {

struct KernelCost {
  uint64_t instructions = 0;               ///< exact
  uint64_t cycles_estimate = 0;            ///< ideal memory
  std::optional<uint64_t> stall_estimate;  ///< what caches and flash add, rough; none: not modelled
};

enum class EngineBuild : uint8_t {
  kFast,  ///< the kernels that firmware gets
  kPlain  ///< engine/ref, the plain loops: dense, or one token at a time from the sparse code
};

/// The kernel that the case names.
/// Errors  bench/kernel (its layer cannot be computed by it)
Kernel KernelOf(const KernelCase& measured);

/// Compiles the case for the board and runs one image under the cycle model.
///
/// Errors  those of KernelOf, Compile, BuildFirmware and RunElf
KernelCost MeasureKernel(const KernelCase& measured, const Board& board, EngineBuild build);

/// A line of the table.
///
/// dense_plain      the same layer dense, from engine/ref
/// one_token_plain  sparse layers: one token at a time from the code, from engine/ref
struct KernelRow {
  KernelCase measured;  // without its graph
  KernelCost fast, dense_plain;
  std::optional<KernelCost> one_token_plain;
};

/// {kernel, shape, sparsity, unit, work, fast: {instructions, cycles_estimate, stall_estimate},
/// plain_dense: {...}, plain_one_token: {...} or null}; stall_estimate is null where not modelled
Json RowJson(const KernelRow& row);

}  // namespace tinyformer::bench
