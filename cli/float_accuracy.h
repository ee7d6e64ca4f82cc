// How good a trained run's float network is: what int8 and pruning are compared with.
#pragma once

#include <cstdint>
#include <string>

#include "cli/model_images.h"

namespace tinyformer {

/// The share of the images that the network in a run folder (genome.json,
/// model.safetensors) classifies as labelled, in float32, by the compiler's evaluator.
///
/// images  as the network takes them, at least one
/// label   of the progress bar
/// Errors  those of ParseGenome, ReadTensors and BuildGraph; Interrupted
double FloatAccuracy(const std::string& run_folder, const ImageSet& images, const DatasetInfo& info,
                     const Normalization& normalization, const std::string& label);

/// The pruned run of a run folder: RUN/compressed, or the last when that was compressed again
/// (RUN/compressed/compressed), or RUN itself when it never was.
std::string LastCompressed(std::string run_folder);

/// Whether a run folder's own network was pruned: its config.json, if there is one, says so.
/// Errors  json/... (config.json is damaged)
bool IsCompressed(const std::string& run_folder);

}  // namespace tinyformer
