// A generated firmware folder as its plan.json describes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/shape.h"
#include "sim/board.h"

namespace tinyformer {

struct FirmwareLayer {
  int id = 0;  ///< its marker id: 1 for the first one, and so on
  std::string name, op, kernel;
  int64_t macs = 0;            ///< at most 2^48
  int64_t effective_macs = 0;  ///< of these
};

struct Firmware {
  std::string directory;
  std::string name;
  std::string prefix;        ///< of the C functions: <prefix>_init, <prefix>_invoke
  std::string target;        ///< a board's name
  std::string optimization;  ///< GCC's option for the board: -O2 or -Os
  Shape input_shape, output_shape;
  int64_t input_bytes = 0, output_bytes = 0;
  float input_scale = 1, output_scale = 1;  ///< real = scale * (stored - zero_point)
  int32_t input_zero_point = 0, output_zero_point = 0;
  std::vector<FirmwareLayer> layers;
};

/// Reads directory/plan.json.
///
/// Errors  sim/not-firmware (no plan.json there), file/*, json/*, sim/plan (another format; a
///         prefix, shape, quantization or layer that compile does not write)
Firmware ReadFirmware(const std::string& directory);

/// The board it was compiled for: from its own board/ folder, else the installed board of that
/// name.
///
/// Errors  those of ReadBoard and FindBoard (sim/board.h)
Board ReadFirmwareBoard(const Firmware& firmware);

}  // namespace tinyformer
