#include "sim/cycle_model/core.h"

#include "sim/cycle_model/cortex_m4.h"
#include "sim/cycle_model/cortex_m7.h"

namespace tinyformer::cycle_model {

std::unique_ptr<Core> MakeCore(const std::string& cpu) {
  if (cpu == "cortex-m4") return std::make_unique<CortexM4>();
  if (cpu == "cortex-m7") return std::make_unique<CortexM7>();
  return nullptr;
}

}  // namespace tinyformer::cycle_model
