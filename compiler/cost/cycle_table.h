// What every kernel costs: Cortex-M7 cycles for each kind of work, and bytes of code.
//
// Both tables are measured: bench/cost_model writes compiler/cost/measured_costs.inc.
#pragma once

#include <string>
#include <vector>

#include "compiler/cost/work.h"

namespace tinyformer {

/// cycles = sum over the kinds of work of each[kind] * count
///
/// Units   cycles of the emulator's Cortex-M7 model (ideal memory), an estimate and never a board's
///         measurement
struct KernelCycles {
  const char* line;  // CycleLine
  WorkCounts each;
};

/// Code that is linked when any of these kernels is used: what several share is counted once.
struct CodePart {
  int bytes;
  std::vector<const char*> kernels;
};

/// Every line, sorted by name.
const std::vector<KernelCycles>& CycleTable();

/// Whether the table's cycles are those of this core (board.json's cpu): of the Cortex-M7 alone.
/// For other cores they only choose kernels.
bool CycleTableKnows(const std::string& cpu);

/// One line.
/// Errors (bug)  no such line
const KernelCycles& CyclesOf(const std::string& line);

/// Bytes of code and tables of these kernels together (-O2, -ffunction-sections, unused sections
/// left out).
/// Errors (bug)  no such kernel
int CodeBytes(const std::vector<std::string>& kernels);

/// Bytes of the parameters of one layer with this kernel.
/// Errors (bug)  no such kernel
int DescriptorBytes(const std::string& kernel);

}  // namespace tinyformer
