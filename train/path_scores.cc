#include "train/path_scores.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "train/evaluate.h"
#include "train/pruner.h"

namespace tinyformer {
namespace {

constexpr char kScores[] = "scores.json";

// Everything beside the path that a score depends on.
Json Circumstances(const LoopJob& job, const Supernet& supernet) {
  TensorFile weights;
  weights.tensors = ExportTensors(supernet.parameters());
  return {{"weights", Checksum(EncodeTensors(weights))},
          {"validation_images", job.validation->size()},
          {"recalibration_batches", job.recipe.recalibration_batches},
          {"batch", job.recipe.batch}};
}

// The entries of scores.json by their genome's text; none when it is of other circumstances.
std::map<std::string, PathScore> ReadScores(const std::string& name, const Json& circumstances) {
  std::map<std::string, PathScore> scores;
  const Json json = ReadJson(name);
  if (RequireKey<Json>(json, "of", name, "an object") != circumstances) return scores;
  for (const Json& entry : RequireKey<Json>(json, "scores", name, "a list")) {
    PathScore score;
    score.genome = ParseGenome(RequireKey<Json>(entry, "genome", name, "an object"), name);
    score.accuracy = RequireKey<double>(entry, "accuracy", name, "a number");
    score.loss = RequireKey<double>(entry, "loss", name, "a number");
    score.sparsity = RequireKey<double>(entry, "sparsity", name, "a number");
    scores[ToJson(score.genome).dump()] = score;
  }
  return scores;
}

PathScore ScorePath(const LoopJob& job, const Supernet& supernet, const Genome& path) {
  const Recipe& recipe = job.recipe;
  const Network network = supernet.Path(path).Clone();
  PathScore score;
  score.genome = path;
  score.sparsity = PruneOnce(network);
  RecalibrateOnPlainImages(network, *job.train, recipe.batch, recipe.recalibration_batches,
                           recipe.device);
  const Quality quality = Evaluate(network, *job.validation, {false, false, recipe.device});
  score.accuracy = quality.accuracy;
  score.loss = quality.loss;
  return score;
}

}  // namespace

void RecalibrateOnPlainImages(const Network& network, const ImageStore& images, int64_t batch,
                              int64_t batches, const std::string& device) {
  batch = std::min(batch, images.size());
  batches = std::min(batches, images.size() / batch);
  std::vector<int64_t> chosen(static_cast<size_t>(batch));
  const auto spread = [&](int64_t i, Batch* made) {
    for (int64_t j = 0; j < batch; ++j)
      chosen[static_cast<size_t>(j)] = (j * batches + i) * images.size() / (batch * batches);
    MakePlainBatch(images, chosen, made);
  };
  RecalibrateBatchNorm(network, images.shape, batches, spread, {false, false, device});
}

Json ToJson(const PathScore& score) {
  return {{"genome", ToJson(score.genome)},
          {"accuracy", score.accuracy},
          {"loss", score.loss},
          {"sparsity", score.sparsity}};
}

std::vector<PathScore> ScorePaths(const LoopJob& job, const Supernet& supernet,
                                  const std::vector<Genome>& paths) {
  const std::string name = job.folder.File(kScores);
  const Json circumstances = Circumstances(job, supernet);
  std::map<std::string, PathScore> known;
  if (job.folder.Has(kScores)) known = ReadScores(name, circumstances);
  // What is known of the paths, in their order.
  const auto collect = [&] {
    std::vector<PathScore> scores;
    for (const Genome& path : paths) {
      const auto found = known.find(ToJson(path).dump());
      if (found != known.end()) scores.push_back(found->second);
    }
    return scores;
  };
  const auto write = [&] {
    Json list = Json::array();
    for (const PathScore& score : collect()) list.push_back(ToJson(score));
    const Json file = {
        {"format", "tinyformer-scores"}, {"version", 1}, {"of", circumstances}, {"scores", list}};
    WriteFileAtomic(name, JsonText(file, 2) + "\n");
  };
  Progress bar("score", static_cast<int64_t>(paths.size()), "paths");
  bar.StartAt(static_cast<int64_t>(collect().size()));
  for (const Genome& path : paths) {
    ThrowIfInterrupted();
    const std::string key = ToJson(path).dump();
    if (known.count(key) != 0) continue;
    known[key] = ScorePath(job, supernet, path);
    write();
    char note[64];
    std::snprintf(note, sizeof note, "accuracy %.1f %%", 100 * known[key].accuracy);
    bar.Update(static_cast<int64_t>(collect().size()), note);
  }
  write();
  return collect();
}

std::vector<Genome> ParsePaths(const Json& json, const std::string& name,
                               const SupernetChoices& choices) {
  if (!json.is_array() || json.empty()) {
    throw Error("train/paths", name, "a list of genomes",
                json.is_array() ? "an empty list" : JsonTypeName(json),
                "write the genomes that are to be scored between [ and ]");
  }
  std::vector<Genome> paths;
  for (const Json& entry : json) {
    const std::string where = name + ", path " + std::to_string(paths.size() + 1);
    paths.push_back(ParseGenome(entry, where));
    RequirePath(choices, paths.back(), where);
  }
  return paths;
}

}  // namespace tinyformer
