#include "sim/score.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace tinyformer {

std::vector<int64_t> PredictedClasses(const Firmware& firmware, const RunResult& run) {
  std::vector<int64_t> classes;
  for (int64_t image = 0; image < run.images; ++image) {
    auto first = run.outputs.begin() + image * firmware.output_bytes;
    classes.push_back(std::max_element(first, first + firmware.output_bytes) - first);
  }
  return classes;
}

int64_t CountCorrect(const Firmware& firmware, const RunResult& run,
                     const std::vector<int64_t>& labels) {
  TF_CHECK(static_cast<int64_t>(labels.size()) == run.images, labels.size(), run.images);
  std::vector<int64_t> classes = PredictedClasses(firmware, run);
  int64_t correct = 0;
  for (size_t i = 0; i < labels.size(); ++i) correct += classes[i] == labels[i];
  return correct;
}

bool LooksLikeGuessing(int64_t correct, int64_t images, int64_t classes) {
  constexpr int64_t kFewestImages = 16;
  const double n = static_cast<double>(images), p = 1.0 / static_cast<double>(classes);
  return images >= kFewestImages && classes > 1 &&
         static_cast<double>(correct) <= n * p + 2 * std::sqrt(n * p * (1 - p));
}

std::optional<int64_t> FirstDifferentImage(const Firmware& firmware, const RunResult& a,
                                           const RunResult& b) {
  TF_CHECK(a.outputs.size() == b.outputs.size(), a.outputs.size(), b.outputs.size());
  auto different = std::mismatch(a.outputs.begin(), a.outputs.end(), b.outputs.begin()).first;
  if (different == a.outputs.end()) return std::nullopt;
  return (different - a.outputs.begin()) / firmware.output_bytes;
}

Json RunJson(const RunResult& run, const std::string& on, std::optional<int64_t> correct,
             std::optional<bool> bit_exact) {
  bool counted = run.instructions_max > 0;
  auto if_counted = [&](uint64_t value) { return counted ? Json(value) : Json(nullptr); };
  Json json;
  json["images"] = run.images;
  json["correct"] = correct ? Json(*correct) : Json(nullptr);
  json["accuracy"] = correct ? Json(static_cast<double>(*correct) / static_cast<double>(run.images))
                             : Json(nullptr);
  json["bit_exact"] = bit_exact ? Json(*bit_exact) : Json(nullptr);
  json["instructions_min"] = if_counted(run.instructions_min);
  json["instructions_max"] = if_counted(run.instructions_max);
  json["cycles_estimate"] = run.cycles_estimate > 0 ? Json(run.cycles_estimate) : Json(nullptr);
  json["stack_peak_bytes"] = if_counted(run.stack_peak_bytes);
  json["ram_touched_bytes"] = if_counted(run.ram_touched_bytes);
  json["on"] = on;
  return json;
}

}  // namespace tinyformer
