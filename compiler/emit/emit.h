// From a plan to a firmware folder: C++ sources, kernels, build files, self-test, plan.json.
//
// Start here:  EmitFirmware. What is in the folder: the tree's paths; what the files look like:
// compiler/emit/program_text.cc.
#pragma once

#include <string>

#include "compiler/emit/program_text.h"
#include "compiler/emit/source_tree.h"

namespace tinyformer {

struct EmitOptions {
  std::string prefix = "model";
  std::string target;                // the board's name, as plan.json states it
  std::string board_directory;       // boards/<target>; empty: no board files
  std::string engine_directory;      // empty: EngineDirectory()
  std::string optimization = "-O2";  // GCC's option for board builds: -O2 or -Os
};

/// The whole folder. Byte-identical for identical arguments and engine sources: no times, no
/// absolute paths.
///
/// Needs   a quantized graph and its plan; test.expected is the reference's output for test.input
/// Errors  emit/prefix, emit/engine-missing, file/*, json/* (board.json)
SourceTree EmitFirmware(const Graph& graph, const Plan& plan, const SelfTest& test,
                        const EmitOptions& options);

/// Errors  emit/prefix unless the text is a lower-case C identifier of at most 40 characters that
///         is no word of C or C++ and no name of the folder's own files
void CheckPrefix(const std::string& prefix);

}  // namespace tinyformer
