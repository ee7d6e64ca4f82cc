// How many Cortex-M7 cycles a kernel takes: one line a kernel, fitted to emulator profiles.
#pragma once

#include <string>
#include <vector>

namespace tinyformer {

/// cycles = per_mac * effective MACs + per_dense_mac * MACs + per_gather * gathered values +
/// per_output * output elements +
///          per_exponential * exponentials + fixed
///
/// Gathered values are what a batch of tokens reads once for all outputs: MACs / output channels
/// (conv2d, linear). For these two, tokens (output pixels) are counted in whole batches of
/// engine::kTokenBatch. Units   cycles of the emulator's Cortex-M7 model (ideal memory), an
/// estimate and never a board's measurement
struct KernelCycles {
  const char* kernel;
  double per_mac;
  double per_dense_mac;  // what finding the stored blocks costs
  double per_gather;
  double per_output;
  double per_exponential;
  double fixed;
};

/// Flash bytes of a kernel's code: -O3, -ffunction-sections, all that it calls.
struct KernelCode {
  const char* kernel;
  int bytes;
};

/// Every kernel of the engine, sorted by name.
const std::vector<KernelCycles>& CycleTable();

/// The line of one kernel. Errors (bug)  no such kernel
const KernelCycles& CyclesOf(const std::string& kernel);

/// Estimated code bytes of these kernels together, each counted once. Errors (bug)  no such kernel
int CodeBytes(const std::vector<std::string>& kernels);

}  // namespace tinyformer
