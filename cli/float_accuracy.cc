#include "cli/float_accuracy.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <vector>

#include "base/parallel.h"
#include "base/progress.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/fold_affine.h"
#include "search/build_graph.h"

namespace tinyformer {

double FloatAccuracy(const std::string& run_folder, const ImageSet& images, const DatasetInfo& info,
                     const Normalization& normalization, const std::string& label) {
  const std::string genome_path = run_folder + "/genome.json";
  const std::string weights_path = run_folder + "/model.safetensors";
  const Genome genome = ParseGenome(ReadJson(genome_path), genome_path);
  const Graph graph =
      FoldAffine(BuildGraph(genome, ReadTensors(weights_path).tensors, weights_path));
  const FloatEvaluator evaluator(graph);

  std::atomic<int64_t> correct = 0;
  Progress progress(label, images.size(), "images");
  const auto classify = [&](int64_t i) {
    std::vector<float> input(static_cast<size_t>(info.channels) * static_cast<size_t>(info.height) *
                             static_cast<size_t>(info.width));
    ReadNormalized(images, info, normalization, i, input.data());
    const std::vector<float> logits = evaluator.Run(input);
    correct += std::max_element(logits.begin(), logits.end()) - logits.begin() == images.label(i);
  };
  ParallelFor(images.size(), 0, classify, &progress);
  return static_cast<double>(correct) / static_cast<double>(images.size());
}

std::string LastCompressed(std::string run_folder) {
  while (std::filesystem::exists(run_folder + "/compressed/model.safetensors")) {
    run_folder += "/compressed";
  }
  return run_folder;
}

bool IsCompressed(const std::string& run_folder) {
  const std::string file = run_folder + "/config.json";
  if (!std::filesystem::exists(file)) return false;
  const Json recipe = RequireKey<Json>(ReadJson(file), "recipe", file, "an object");
  return RequireKey<std::string>(recipe, "stage", file, "a text") == "compress";
}

}  // namespace tinyformer
