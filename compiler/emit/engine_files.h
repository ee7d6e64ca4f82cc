// The engine's sources that a firmware folder needs, read from the engine folder when the compiler
// runs.
#pragma once

#include <string>
#include <vector>

#include "compiler/emit/source_tree.h"

namespace tinyformer {

/// The environment's TINYFORMER_ENGINE_DIR, else ../share/tinyformer/engine beside the program,
/// else the engine folder of the source tree that this compiler was built from.
std::string EngineDirectory();

/// The headers (e.g. "linear_s8.h") with everything that they and their kernels include, and the
/// kernels' sources from ref/, arm/ and host/, as "engine/...".
///
/// Errors  emit/engine-missing (no such folder or header in it), file/*
SourceTree EngineFiles(const std::string& engine_directory,
                       const std::vector<std::string>& headers);

}  // namespace tinyformer
