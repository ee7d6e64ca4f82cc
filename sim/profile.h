// The per-layer table of `tinyformer profile`: plan.json joined with a run under the cycle model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "sim/run.h"

namespace tinyformer {

/// The cycle model's error on the checks of docs/emulation.md, as a fraction.
inline constexpr double kCycleModelError = 0.15;

struct LayerProfile {
  std::string name, op, kernel;
  uint64_t instructions = 0;               ///< exact
  uint64_t cycles_estimate = 0;            ///< ideal memory
  std::optional<uint64_t> stall_estimate;  ///< what caches and flash add; none: not modelled
  double instructions_per_mac = 0;         ///< of the dense layer; 0 when the layer has no MACs
};

struct Profile {
  uint64_t instructions = 0;  ///< of the whole invoke: the layers and what lies between them
  uint64_t cycles_estimate = 0;
  std::optional<uint64_t> stall_estimate;
  std::vector<LayerProfile> layers;  ///< in the plan's order
};

/// Runs one image (zeros: costs do not depend on the data) with layer markers and the cycle model.
/// Stalls are estimated where the board has caches.
///
/// Errors  those of RunOnEmulator; sim/plan when a layer of the plan never ran
Profile ProfileFirmware(const Firmware& firmware, const Board& board, double timeout_seconds = 600);

/// A stall estimate in JSON: its cycles, or null.
Json StallJson(const std::optional<uint64_t>& stall_estimate);

/// The object that `tinyformer profile --json` prints: instructions, cycles_estimate,
/// stall_estimate (null: not estimated), cycles_error and layers (name, op, kernel, instructions,
/// cycles_estimate, stall_estimate, instructions_per_mac).
Json ProfileJson(const Profile& profile);

/// The same as a table for a terminal, with every layer's share of the cycles, and below it the
/// time at that clock and how good the estimates are; ends with a newline.
std::string ProfileTable(const Profile& profile, uint64_t clock_hz);

}  // namespace tinyformer
