// Cycles of many layers at once: each is a model of its own, and one program calls them all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/cost_model/random_layers.h"
#include "sim/board.h"

namespace tinyformer::bench {

/// Estimated cycles (ideal memory) of one inference of every layer, in their order.
///
/// Programs are filled up to the board's flash and RAM, so there are as few as possible.
/// Errors  those of EmitFirmware, BuildElf and RunElf
std::vector<uint64_t> MeasureLayers(const std::vector<RandomLayer>& layers, const Board& board);

/// Bytes of code and tables that the linker keeps for some kernels but not for others.
struct MeasuredPart {
  int64_t bytes = 0;
  std::vector<std::string> kernels;
};

/// What the kernels of the layers take in flash, from programs of one layer.
///
/// parts        the sum over all parts that name a kernel is what that kernel alone needs
/// descriptors  bytes of a layer's parameters, by kernel
struct MeasuredCode {
  std::vector<MeasuredPart> parts;
  std::map<std::string, int64_t> descriptors;
};
MeasuredCode MeasureCode(const std::vector<RandomLayer>& layers, const Board& board);

}  // namespace tinyformer::bench
