// The plugin's result as a JSON file.
#pragma once

#include <optional>
#include <string>

#include "sim/plugin/attribution.h"
#include "sim/plugin/memory_monitor.h"
#include "sim/plugin/run_config.h"

namespace tinyformer::plugin {

/// Writes config.output_path. The keys are read by sim/emulator.cc. Returns false when the file
/// cannot be written.
bool WriteResult(const RunConfig& config, const Attribution& attribution, const Totals& totals,
                 const MemoryMonitor& memory, const std::optional<Violation>& violation);

}  // namespace tinyformer::plugin
