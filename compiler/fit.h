// Whether a planned network fits its board; when it does not: by how many bytes, where, and what
// would help.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/compile.h"

namespace tinyformer {

/// Compares with the target's flash, RAM and blocks of RAM. Where it does not fit, `why` also names
/// what was tried: other values of --optimize, and options.other_targets.
Fit CheckFit(const Graph& graph, const CompileOptions& options, const PlannedNetwork& planned);

/// "flash: 1,060,921 bytes of 1,048,576, 12,345 too many\n"
std::string ExcessLine(const std::string& what, int64_t bytes, int64_t limit);

}  // namespace tinyformer
