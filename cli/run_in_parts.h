// Many images through a firmware, a few at a time: progress, interrupts, bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/run.h"

namespace tinyformer {

/// What is to be run; read gives images [first, first + count) as int8 inputs, one after the other.
struct ImageStream {
  int64_t count = 0;
  std::function<std::vector<int8_t>(int64_t first, int64_t count)> read;
};

/// Builds the firmware, then runs all images on this machine, or in the emulator; the rate that the
/// progress shows is that of the images alone.
///
/// Result  outputs of all images in order; extremes and means over all of them
/// Errors  those of RunOnHost and RunOnEmulator, Interrupted
RunResult RunInPartsOnHost(const Firmware& firmware, const ImageStream& images,
                           const RunOptions& options);
RunResult RunInPartsOnEmulator(const Firmware& firmware, const Board& board,
                               const ImageStream& images, const RunOptions& options);

/// Adds a further part to a result: outputs behind its outputs, extremes of both, means weighted by
/// images.
void AppendRun(const RunResult& part, RunResult* whole);

}  // namespace tinyformer
