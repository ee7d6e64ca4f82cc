#include "cli/float_accuracy.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "base/interrupt.h"
#include "base/progress.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/fold_batch_norm.h"
#include "search/build_graph.h"

namespace tinyformer {

double FloatAccuracy(const std::string& run_folder, const ImageSet& images, const DatasetInfo& info,
                     int64_t count) {
  const std::string genome_path = run_folder + "/genome.json";
  const std::string weights_path = run_folder + "/model.safetensors";
  const Genome genome = ParseGenome(ReadJson(genome_path), genome_path);
  const Graph graph =
      FoldBatchNorm(BuildGraph(genome, ReadTensors(weights_path).tensors, weights_path));
  const FloatEvaluator evaluator(graph);
  const Normalization normalization{info.mean, info.stddev};

  std::atomic<int64_t> next = 0, correct = 0;
  Progress progress("float", count, "images");
  auto work = [&](bool shows_progress) {
    std::vector<float> input(static_cast<size_t>(info.channels) * static_cast<size_t>(info.height) *
                             static_cast<size_t>(info.width));
    for (int64_t i = next++; i < count && !InterruptRequested(); i = next++) {
      ReadNormalized(images, info, normalization, i, input.data());
      const std::vector<float> logits = evaluator.Run(input);
      correct += std::max_element(logits.begin(), logits.end()) - logits.begin() == images.label(i);
      if (shows_progress) progress.Update(i);
    }
  };
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::future<void>> others;
  for (unsigned t = 1; t < threads; ++t)
    others.push_back(std::async(std::launch::async, work, false));
  work(true);
  for (std::future<void>& other : others) other.get();
  ThrowIfInterrupted();
  progress.Update(count);
  return static_cast<double>(correct) / static_cast<double>(count);
}

}  // namespace tinyformer
