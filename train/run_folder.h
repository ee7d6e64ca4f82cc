// A run on disk: what was asked for, how far it is, what came out.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/safetensors.h"
#include "data/dataset.h"
#include "search/supernet_choices.h"
#include "train/recipe.h"

namespace tinyformer {

/// The files of one run: genome.json (a supernet's: supernet.json), config.json, metrics.jsonl,
/// checkpoint.safetensors, model.safetensors. Every file is replaced whole (WriteFileAtomic), so a
/// kill at any moment leaves the folder usable.
class RunFolder {
 public:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  bool Has(const std::string& name) const;

  /// Writes genome.json and config.json; in a folder that has a checkpoint or a model already,
  /// checks that they ask for the same.
  ///
  /// config.json  recipe, data (spec, fingerprint, classes, mean, stddev), environment
  /// Returns      what differs in the environment of the folder's earlier run ("threads 1, now
  ///              2"): results may then differ in their last bits
  /// Errors       train/resume-changed (genome, data or an option differs: names which),
  ///              train/run-folder (a checkpoint or model, but not what was asked for)
  std::vector<std::string> Open(const Genome& genome, const Recipe& recipe, const DatasetInfo& data,
                                const Json& environment) const;
  /// The same for a supernet's run, with supernet.json.
  std::vector<std::string> Open(const SupernetChoices& choices, const Recipe& recipe,
                                const DatasetInfo& data, const Json& environment) const;

 private:
  template <typename T, typename Parse>
  std::vector<std::string> OpenAs(const std::string& kind, const T& subject, const Parse& parse,
                                  const Recipe& recipe, const DatasetInfo& data,
                                  const Json& environment) const;

  std::string path_;
};

/// A finished run: its genome and its weights.
///
/// Errors  train/no-run (the folder has no model.safetensors: it is not a run or not finished),
///         those of the readers
struct FinishedRun {
  std::string file;  // what the user calls the file of the weights
  Genome genome;
  TensorFile model;
};
FinishedRun ReadFinishedRun(const std::string& path);

/// The file's tensors.
/// Errors  train/weights (NaN or infinity), those of ReadTensors
TensorFile ReadFiniteTensors(const std::string& file);

/// XXH64 of the run's tensors.
std::string WeightsChecksum(const FinishedRun& run);

}  // namespace tinyformer
