// What the parts of a program cost in the emulator, by their profile markers.
#pragma once

#include <map>
#include <string>

#include "sim/build.h"
#include "sim/emulator.h"

namespace tinyformer::bench {

/// Builds the program, runs it in `work` under the cycle model; the cost by marker id.
///
/// Errors  those of BuildElf and RunElf (sim/)
std::map<int, RunCost> MarkerCosts(const ElfRequest& request, const Board& board,
                                   const std::string& work);

}  // namespace tinyformer::bench
