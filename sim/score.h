// What `tinyformer run` says about a run: right answers, equality of two runs, the JSON object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "sim/run.h"

namespace tinyformer {

/// The class of every image: the index of the largest output byte, the first one when several are.
std::vector<int64_t> PredictedClasses(const Firmware& firmware, const RunResult& run);

/// How many predicted classes equal the labels. Needs as many labels as the run has images
/// (checked).
int64_t CountCorrect(const Firmware& firmware, const RunResult& run,
                     const std::vector<int64_t>& labels);

/// Whether guessing would get that many right, too: not more than two standard deviations above the
/// mean. False below 16 images, which say nothing.
bool LooksLikeGuessing(int64_t correct, int64_t images, int64_t classes);

/// The first image whose outputs differ between two runs of the same images, or nothing.
std::optional<int64_t> FirstDifferentImage(const Firmware& firmware, const RunResult& a,
                                           const RunResult& b);

/// The object that `tinyformer run --json` prints; on is "emulator" or "host". Unknown values (no
/// labels, no second run, nothing counted on the host) are null.
Json RunJson(const RunResult& run, const std::string& on, std::optional<int64_t> correct,
             std::optional<bool> bit_exact);

}  // namespace tinyformer
