// The error and the cost of the softmax variants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/softmax/softmax_setup.h"
#include "sim/board.h"

namespace tinyformer::bench {

/// How far a variant is from double precision, for rows of 256 logits.
struct SoftmaxError {
  int scale = 0;  ///< index of kSoftmaxScales
  SoftmaxVariant variant = kTable;
  double exponential = 0;  ///< largest |computed - exp(-d s)| over the 256 differences d
  /// Over the 256 differences: largest |y - 256 p + 128| of rows that hold a maximum and 255 times
  /// the logit d below it. 1/2 is perfect.
  double output_lsb = 0;
  int misrounded = 0;  ///< of these 512 different outputs, how many are not the nearest int8
};

std::vector<SoftmaxError> SoftmaxErrors();

/// What a variant costs an element, over all kinds of data.
struct SoftmaxCost {
  int scale = 0;
  SoftmaxVariant variant = kTable;
  double instructions_least = 0, instructions_most = 0;
  double cycles_least = 0, cycles_most = 0;  ///< estimate, ideal memory
};

/// Runs rows x 256 logits in the emulator. sources is the repository, work a folder to build in.
///
/// Errors  those of BuildElf and RunElf (sim/)
std::vector<SoftmaxCost> SoftmaxCosts(int rows, const Board& board, const std::string& sources,
                                      const std::string& work);

}  // namespace tinyformer::bench
