#include "sim/profile.h"

#include <algorithm>

#include "base/error.h"

namespace tinyformer {

Profile ProfileFirmware(const Firmware& firmware, const Board& board, double timeout_seconds) {
  RunOptions options;
  options.mode = EmulationMode::kCycles;
  options.layers = true;
  options.timeout_seconds = timeout_seconds;
  std::vector<int8_t> image(static_cast<size_t>(firmware.input_bytes), 0);
  RunResult run = RunOnEmulator(firmware, board, image, options);
  Profile profile;
  profile.instructions = run.instructions_max;
  profile.cycles_estimate = run.cycles_estimate;
  profile.stall_estimate = run.stall_estimate;
  for (const FirmwareLayer& layer : firmware.layers) {
    auto found = std::find_if(run.layers.begin(), run.layers.end(),
                              [&](const LayerRun& r) { return r.id == layer.id; });
    if (found == run.layers.end()) {
      throw Error("sim/plan", firmware.directory + ": layer '" + layer.name + "'",
                  "a layer that runs", "no instruction of it", "compile the model again");
    }
    double macs = static_cast<double>(layer.macs);
    double per_mac = layer.macs > 0 ? static_cast<double>(found->cost.instructions) / macs : 0;
    profile.layers.push_back({layer.name, layer.op, layer.kernel, found->cost.instructions,
                              found->cost.cycles, found->cost.stall_cycles, per_mac});
  }
  return profile;
}

}  // namespace tinyformer
