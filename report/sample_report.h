// For tests: an output folder as the other commands would leave it, with made-up but plausible
// numbers.
#pragma once

#include <string>

namespace tinyformer {

/// Writes run/, firmware/, compile.json, run.json, profile.json and a stand-in for model.onnx into
/// `folder`. The model's name is `name`, which may hold any text. The same arguments give the same
/// files.
void WriteSampleOutput(const std::string& folder, const std::string& name);

}  // namespace tinyformer
