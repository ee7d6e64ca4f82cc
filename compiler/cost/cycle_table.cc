#include "compiler/cost/cycle_table.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace tinyformer {
namespace {

#include "compiler/cost/measured_costs.inc"

}  // namespace

const std::vector<KernelCycles>& CycleTable() { return kCycles; }

bool CycleTableKnows(const std::string& cpu) { return cpu == "cortex-m7"; }

const KernelCycles& CyclesOf(const std::string& line) {
  const auto found = std::find_if(kCycles.begin(), kCycles.end(),
                                  [&](const KernelCycles& known) { return known.line == line; });
  TF_CHECK(found != kCycles.end(), "line", line);
  return *found;
}

int CodeBytes(const std::vector<std::string>& kernels) {
  for (const std::string& kernel : kernels) DescriptorBytes(kernel);
  int bytes = 0;
  for (const CodePart& part : kCode) {
    const bool used = std::any_of(part.kernels.begin(), part.kernels.end(), [&](const char* name) {
      return std::find(kernels.begin(), kernels.end(), name) != kernels.end();
    });
    if (used) bytes += part.bytes;
  }
  return bytes;
}

int DescriptorBytes(const std::string& kernel) {
  const auto found = kDescriptors.find(kernel);
  TF_CHECK(found != kDescriptors.end(), "kernel", kernel);
  return found->second;
}

}  // namespace tinyformer
