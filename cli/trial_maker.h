// Makes a search's trials out of the commands that a user would give: supernet, train, compress,
// compile, run.
#pragma once

#include <string>

#include "search/next_trials.h"
#include "search/store/store.h"

namespace tinyformer {

/// Where a worker works, and on what.
struct TrialPlace {
  std::string folder;  // of the search: supernets/N, candidates/N and best/ are made in it
  std::string data;    // the data set as this machine has it
  int threads = 0;     // of training; 0: one a core
};

/// What its trials leave in the folder:
///
///   supernets/N   run of the shared weights, choices.json, paths.json, scores
///   candidates/N  genome.json, run/, run/compressed/, model.onnx, firmware/, compile.json; of one
///                 that was stopped early genome.json and run/
///   alone/N       as of a candidate
///   best          the same of the best candidate after the compression stage, with what
///                 `tinyformer report` reads
class TrialMaker {
 public:
  TrialMaker(SearchSettings settings, PriceFunction price, TrialPlace place);

  /// One trial, begun or cut off before; its result as next_trials.h says, and beside it
  ///   supernet   top_decile
  ///   candidate  accuracy_dense, accuracy_pruned (float), sparsity, fits; final and alone likewise
  ///
  /// Errors  those of the commands; Interrupted
  Json Make(const Trial& trial) const;

  /// Where its files lie, relative to the search's folder: "candidates/0003".
  static std::string Place(const std::string& kind, int64_t number);

 private:
  Json Analysis(const Trial& trial) const;
  Json Supernet(const Trial& trial) const;
  /// Trained whole from the supernet's weights: {accuracy_dense}.
  Json Screening(const Trial& trial) const;
  Json CandidateTrial(const Trial& trial) const;
  Json Final(const Trial& trial) const;
  Json Alone(const Trial& trial) const;
  /// Trains the trial's genome in folder/run for a candidate's epochs: {accuracy_dense}.
  Json TrainGenome(const Trial& trial, const std::vector<std::string>& words) const;
  /// Prunes folder/run, quantizes and compiles it: the result but for accuracy_dense.
  Json Compress(const std::string& folder, int64_t epochs, uint64_t seed,
                const std::vector<std::string>& more = {}) const;
  /// The options of every training command.
  std::vector<std::string> Training(int64_t epochs, double lr, uint64_t seed) const;
  uint64_t SeedOf(const Trial& trial) const;
  std::string Folder(const std::string& kind, int64_t number) const;

  SearchSettings settings_;
  PriceFunction price_;
  TrialPlace place_;
};

}  // namespace tinyformer
