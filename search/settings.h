// SearchSettings: all that a search's trials are a function of, but for the images themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "search/limits.h"
#include "search/pareto.h"
#include "search/space.h"
#include "search/supernet.h"

namespace tinyformer {

/// How much is tried, and for how long. A generation's trials do not depend on each other.
/// Source  TinyFormer Alg. 2 (T_i, T_j) and Alg. 3 (T_spa), III-C1
struct SearchBudget {
  int64_t supernets = 12;         // Alg. 2, T_i
  int64_t supernet_epochs = 10;   // of shared weights
  int64_t paths = 20;             // Alg. 2, T_j: sparse paths by which a supernet is judged
  int64_t candidates = 40;        // Alg. 3, T_spa
  int64_t candidate_epochs = 10;  // dense, from the supernet's weights
  int64_t prune_epochs = 10;      // of which half with growing sparsity
  int64_t final_epochs = 100;     // compression stage: pruning and fine-tuning of the best; 0: it
                                  // stays as it is
  int64_t generation = 8;         // trials of one generation
  int64_t early_stop = 0;    // per cent of a generation's candidates that are not pruned: those
                             // that are worst after dense training
  int64_t distill = 0;       // per cent of the compression stage's loss that comes from the
                             // candidate's dense network
  int64_t check_ranks = 0;   // of those paths, so many are trained alone: rank correlation
  int64_t check_random = 0;  // random networks that fit and the winner, trained alone alike
  bool operator==(const SearchBudget&) const = default;
};

/// How many of a generation's `count` candidates are pruned; all, without early stopping.
int64_t KeptOfGeneration(int64_t count, const SearchBudget& budget);
/// Candidates that are pruned when none fails: generation by generation, at least one of each.
int64_t KeptCandidates(const SearchBudget& budget);
/// Trials of kind kAlone.
int64_t CountAloneTrials(const SearchBudget& budget);
/// Trials of all kinds, when no stage ends early.
int64_t AllTrials(const SearchBudget& budget);

/// How the images are used.
struct SearchTraining {
  int64_t batch = 128;
  double lr = 1e-3;          // peak; pruning takes half of it
  int64_t limit_train = 0;   // only that many training images; 0: all
  int64_t check_images = 0;  // validation images by which trials are compared; 0: all
  std::string amp = "auto", device = "auto";  // tinyformer train's; auto: as each worker's machine
  bool operator==(const SearchTraining&) const = default;
};

/// What can be an objective: larger accuracy, fewer bytes, fewer cycles.
enum class Objective : uint8_t { kAccuracy, kFlash, kRam, kCycles };

struct SearchSettings {
  SearchSpace space;
  ImageTask task;
  std::string data_fingerprint;  // DatasetInfo's
  std::string target;            // a board's name
  SearchLimits limits;
  std::vector<Objective> objectives = {Objective::kAccuracy};
  SearchBudget budget;
  SearchTraining training;
  uint64_t seed = 1;
  bool operator==(const SearchSettings&) const = default;
};

/// What CheckSettings takes for a whole number of the command line, "supernets" for example; both
/// ends belong to it.
struct WholeRange {
  int64_t low, high;
};
WholeRange SettingRange(const std::string& option);

/// Errors  search/option: names the option, its range and the value found
void CheckSettings(const SearchSettings& settings);

/// As the store keeps it.
/// Errors  json/*, those of ParseSpace and CheckSettings
Json ToJson(const SearchSettings& settings);
SearchSettings ParseSettings(const Json& json, const std::string& name);

/// "accuracy,flash": the words of the command line.
/// Errors  search/option
std::vector<Objective> ParseObjectives(const std::string& text);
std::string ObjectivesText(const std::vector<Objective>& objectives);

/// The values by which trials are compared, larger is better.
Objectives MakeObjectives(const std::vector<Objective>& objectives, double accuracy,
                          const ResourceUse& use);

Json ToJson(const ResourceUse& use);
ResourceUse ParseUse(const Json& json, const std::string& name);

}  // namespace tinyformer
