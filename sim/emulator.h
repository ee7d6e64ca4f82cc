// Runs an ELF in QEMU under our plugin: memory map enforced, instructions counted, cycles
// estimated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/board.h"

namespace tinyformer {

/// What a layer, an image or a run cost.
struct RunCost {
  uint64_t instructions = 0;    ///< exact
  uint64_t cycles = 0;          ///< estimate with ideal memory; 0 in count mode
  uint64_t stall_cycles = 0;    ///< estimate of what caches and flash add; 0 in count mode
  uint64_t mispredictions = 0;  ///< of the model's branch predictor; 0 in count mode
  uint64_t unaligned = 0;       ///< unaligned loads; 0 in count mode
};

enum class EmulationMode {
  kCount,   ///< instructions only: about 200 to 400 million a second
  kCycles,  ///< with the cycle model of the board's core: about 40 million a second
};

struct EmulationOptions {
  EmulationMode mode = EmulationMode::kCount;
  double timeout_seconds = 600;
};

/// One marker id (tf_profile_marker[id]): a layer, or 0 for the time outside layers; only while an
/// image is counted.
struct MarkerRun {
  int id = 0;
  uint64_t visits = 0;
  RunCost cost;
};

/// Bytes of a named part of RAM that the run wrote.
struct RamPart {
  std::string name;            ///< "stack", "data", "bss", "arena", "arena_<region>"
  uint32_t bytes = 0;          ///< its size
  uint32_t written_bytes = 0;  ///< bytes that were written at least once
  uint32_t depth_bytes = 0;    ///< from its end down to the lowest written byte
};

struct EmulationResult {
  RunCost total;  ///< everything, start-up and file access included
  /// Counted regions (tf_image_marker); 1 when the firmware has no such marker.
  uint64_t images = 0;
  uint64_t instructions_min = 0;  ///< over the images
  uint64_t instructions_max = 0;
  RunCost images_total;            ///< sum over the images
  std::vector<MarkerRun> markers;  ///< in the order of their ids; only those that ran
  std::vector<RamPart> ram;
  int exit_status = 0;
  std::string console;  ///< what firmware and emulator printed

  /// The part of that name.
  /// Errors (bug)  no such part
  const RamPart& Ram(const std::string& name) const;
};

/// Runs elf_path on the board's emulated machine in directory (semihosting opens files there).
///
/// The ELF must be linked with the board's board.ld. Of each region of RAM, what lies behind the
/// ELF's last section there counts as outside. It may define tf_profile_marker[256] and
/// tf_image_marker[2]: byte stores to them split the counts (sim/README.md). A guest exit status
/// other than 0 is returned, not an error.
///
/// Errors  sim/elf, sim/elf-symbol, sim/emulator-missing, sim/emulator-failed, sim/plugin-missing,
///         sim/plugin-version, sim/plugin-output, sim/no-reset, sim/timeout, sim/stray-access,
///         sim/flash-write, sim/stack-overflow, sim/fault, sim/unequal-work, file/*, Interrupted
EmulationResult RunElf(const std::string& elf_path, const Board& board,
                       const std::string& directory, const EmulationOptions& options);

namespace internal {

/// The plugin's JSON text as a result; what names the run in errors.
/// Errors  sim/plugin-output
EmulationResult ParsePluginResult(const std::string& text, const std::string& what);

}  // namespace internal
}  // namespace tinyformer
