#include "sim/profile.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "compiler/cost/layer_table.h"

namespace tinyformer {
namespace {

std::string FormatRow(const std::string& layer, const std::string& kernel,
                      const std::string& instructions, const std::string& cycles,
                      const std::string& share, const std::string& per_mac) {
  char line[256];
  std::snprintf(line, sizeof line, "%-32.32s %-28.28s %13s %13s %8s %9s\n", layer.c_str(),
                kernel.c_str(), instructions.c_str(), cycles.c_str(), share.c_str(),
                per_mac.c_str());
  return line;
}

}  // namespace

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
  const auto stalls = [&](uint64_t cycles) {
    return board.caches.empty() ? std::nullopt : std::optional(cycles);
  };
  profile.stall_estimate = stalls(run.stall_estimate);
  for (const FirmwareLayer& layer : firmware.layers) {
    auto found = std::find_if(run.layers.begin(), run.layers.end(),
                              [&](const LayerRun& r) { return r.id == layer.id; });
    if (found == run.layers.end()) {
      throw Error("sim/plan", firmware.directory + ": layer '" + layer.name + "'",
                  "a layer that runs, one of 255 at most", "no instruction of it",
                  "compile the model again; one of more layers cannot be profiled");
    }
    double macs = static_cast<double>(layer.macs);
    double per_mac = layer.macs > 0 ? static_cast<double>(found->cost.instructions) / macs : 0;
    profile.layers.push_back({layer.name, layer.op, layer.kernel, found->cost.instructions,
                              found->cost.cycles, stalls(found->cost.stall_cycles), per_mac});
  }
  return profile;
}

Json StallJson(const std::optional<uint64_t>& stall_estimate) {
  return stall_estimate ? Json(*stall_estimate) : Json(nullptr);
}

Json ProfileJson(const Profile& profile) {
  Json json = {{"instructions", profile.instructions},
               {"cycles_estimate", profile.cycles_estimate},
               {"stall_estimate", StallJson(profile.stall_estimate)},
               {"cycles_error", kCycleModelError},
               {"layers", Json::array()}};
  for (const LayerProfile& layer : profile.layers) {
    json["layers"].push_back({{"name", layer.name},
                              {"op", layer.op},
                              {"kernel", layer.kernel},
                              {"instructions", layer.instructions},
                              {"cycles_estimate", layer.cycles_estimate},
                              {"stall_estimate", StallJson(layer.stall_estimate)},
                              {"instructions_per_mac", layer.instructions_per_mac}});
  }
  return json;
}

std::string ProfileTable(const Profile& profile, uint64_t clock_hz) {
  std::string text =
      FormatRow("layer", "kernel", "instructions", "est. cycles", "share", "insn/MAC");
  auto number = [](const char* format, double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, format, value);
    return std::string(digits);
  };
  auto grouped = [](uint64_t value) { return WithThousands(static_cast<int64_t>(value)); };
  double all = std::max(1.0, static_cast<double>(profile.cycles_estimate));
  for (const LayerProfile& layer : profile.layers) {
    double share = 100 * static_cast<double>(layer.cycles_estimate) / all;
    text += FormatRow(
        layer.name, layer.kernel, grouped(layer.instructions), grouped(layer.cycles_estimate),
        number("%.1f %%", share),
        layer.instructions_per_mac > 0 ? number("%.2f", layer.instructions_per_mac) : "-");
  }
  text += FormatRow("whole image", "", grouped(profile.instructions),
                    grouped(profile.cycles_estimate), "100.0 %", "-");
  const double milliseconds =
      1e3 * static_cast<double>(profile.cycles_estimate) / static_cast<double>(clock_hz);
  return text + "estimated " + number("%.1f ms", milliseconds) + " at " +
         number("%.0f MHz", static_cast<double>(clock_hz) / 1e6) + ", +-" +
         number("%.0f %%", 100 * kCycleModelError) +
         ", with memory that answers at once; waiting for flash and caches" +
         (profile.stall_estimate
              ? ", a rough estimate: " + grouped(*profile.stall_estimate) + " cycles more\n"
              : " is not estimated for this board\n");
}

}  // namespace tinyformer
