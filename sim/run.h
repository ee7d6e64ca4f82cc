// Images through a firmware, in the emulator or on the host: outputs, exact counts, estimates, RAM.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/board.h"
#include "sim/build.h"
#include "sim/emulator.h"
#include "sim/firmware.h"

namespace tinyformer {

struct RunOptions {
  EmulationMode mode = EmulationMode::kCount;
  bool layers = false;  ///< build with per-layer markers and fill RunResult::layers
  int jobs = 1;  ///< images are split over this many processes. Outputs, counts and bytes do not
                 ///< depend on it; each process begins with cold caches
  double timeout_seconds = 600;
};

/// Cost of a layer for one image. Layer id 0 is what invoke does outside the layers.
struct LayerRun {
  int id = 0;
  RunCost cost;
};

struct RunResult {
  std::vector<int8_t> outputs;  ///< [images][output_bytes], in the order of the inputs
  int64_t images = 0;
  uint64_t instructions_min = 0;  ///< per image; equal to instructions_max for generated code
  uint64_t instructions_max = 0;
  uint64_t cycles_estimate = 0;  ///< per image (mean), ideal memory; 0 without kCycles
  uint64_t stall_estimate = 0;   ///< per image (mean): what caches and flash add; 0 without kCycles
  uint64_t stack_peak_bytes = 0;  ///< deepest stack of the whole run, harness included
  /// Bytes of stack (down to the peak), data, bss and arena that were written.
  uint64_t ram_touched_bytes = 0;
  uint64_t arena_touched_bytes = 0;
  std::vector<LayerRun> layers;
  FirmwareSize size;  ///< of the ELF that ran; zero on the host
};

/// Builds the firmware (build.h), runs every image in the emulator.
///
/// inputs  [images][input_bytes], int8, channels last; at least one image
/// Errors  those of BuildFirmware and RunElf; sim/input-size (not a whole number of images),
///         sim/invoke-failed, sim/harness-files (it could not read or write its files)
RunResult RunOnEmulator(const Firmware& firmware, const Board& board,
                        const std::vector<int8_t>& inputs, const RunOptions& options);

/// The same on this machine at full speed; only outputs and images are filled.
///
/// Errors  those of BuildHostProgram; sim/input-size, sim/invoke-failed, sim/harness-files,
///         sim/host-crash, sim/timeout
RunResult RunOnHost(const Firmware& firmware, const std::vector<int8_t>& inputs,
                    const RunOptions& options);

}  // namespace tinyformer
