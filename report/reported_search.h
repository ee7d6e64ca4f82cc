// What a report shows of a search: its trials, and what follows from them. Plain values, so that
// this room knows neither stores nor genomes; cli/search_report.h fills them.
//
// Start here:  ReportedSearch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace tinyformer {

/// How a trial ended, or where it is. kStopped: a candidate that was trained, was among the worse
/// of its generation then, and was not pruned.
enum class TrialOutcome { kWaiting, kRunning, kComplete, kStopped, kFailed };

/// One trial of a search.
struct ReportedTrial {
  std::string kind;  // "supernet", "candidate", "final", ...: search/next_trials.h
  int64_t number = 0, generation = 0;
  TrialOutcome outcome = TrialOutcome::kWaiting;
  /// In [0, 1]: a supernet's mean accuracy of sparse paths, a network's int8 accuracy on validation
  /// images, a stopped candidate's accuracy after dense training.
  std::optional<double> value;
  std::optional<int64_t> flash_bytes, ram_bytes, cycles;  // of the linked firmware
  bool fits = true;                                       // keeps the search's limits
  bool on_front = false;  // no other candidate is better in all of the search's objectives
  std::string choices;    // what it is, in one line
  std::string error;      // why it failed
  std::string worker;
  int64_t started_ms = 0, finished_ms = 0;  // since 1970; 0: not yet
};

/// One stage: trials of one kind, and how many the search's settings ask for.
struct ReportedStage {
  std::string kind, name;
  int64_t planned = 0;
};

/// Alg. 1's picture of the search space: what `tinyformer search --explain --json` prints.
struct ReportedSpace {
  int64_t samples = 0, fitting = 0, accepted = 0;
  int64_t band_low = 0, band_high = 0;    // parameters
  double acceptance = 0, band_share = 0;  // [0, 1]
  bool space_accepted = false;
  double bin_parameters = 1;
  std::vector<int64_t> all_bins, fitting_bins;
};

/// One layer of a part: its name in the plan, and its weights before pruning.
struct ReportedPartLayer {
  std::string name;
  int64_t weights = 0;
};

/// One part of the best network, in the order of execution.
struct ReportedPart {
  std::string name, kind, choice;
  std::vector<int> output;  // [height, width, channels], or [features]
  double sparsity = 0;      // what was asked for, [0, 1]
  int block = 0;            // of weights that are pruned together; 0: stays dense
  bool residual = false;    // its input is added to its output
  std::vector<ReportedPartLayer> layers;
};

/// The mean of the trials that chose one value of an axis (search/choice_effects.h).
struct ReportedChoice {
  std::string axis, value;
  int64_t count = 0;
  double mean = 0, difference = 0, error = 0;  // of what `ReportedTrial::value` is
};

/// A path as the supernet scored it, and its network trained alone.
struct ReportedRank {
  std::string name;
  double score = 0, accuracy = 0;
};

/// Networks trained alone, from random weights, for as long as a candidate.
struct ReportedChecks {
  std::vector<ReportedRank> ranks;
  double kendall_tau = 0, spearman_rho = 0;  // of ranks
  std::vector<double> random;                // accuracies of random networks that fit
  std::optional<double> winner;              // of the best candidate's network
};

/// A search at one moment; it may still go on.
struct ReportedSearch {
  std::string store;  // by the user's name for it
  std::string space, target, objectives, data_fingerprint;
  std::string space_text;  // the space as a file, TOML
  int64_t seed = 0;
  std::vector<int> input;  // [height, width, channels]
  int64_t classes = 0;
  int64_t flash_limit_bytes = 0, ram_limit_bytes = 0, cycles_limit = 0;  // 0: none
  std::vector<ReportedStage> stages;                                     // in their order
  std::vector<ReportedTrial> trials;                                     // by stage, then number
  std::optional<int64_t> winner;  // the best candidate's number
  bool over = false;              // nothing is left to do
  std::optional<ReportedSpace> analysis;
  std::vector<ReportedPart> parts;  // of the best candidate's network; empty without one
  std::vector<ReportedChoice> candidate_choices, supernet_choices;
  ReportedChecks checks;
};

/// The trials of one kind.
std::vector<const ReportedTrial*> TrialsOf(const ReportedSearch& search, const std::string& kind);

/// The best candidate's trial and that of the compression stage; nullptr without one.
const ReportedTrial* WinnerOf(const ReportedSearch& search);
const ReportedTrial* CompressedOf(const ReportedSearch& search);

/// Errors  json/key; report/value for bins or a band below 0; name is what the user calls it
ReportedSpace ParseReportedSpace(const Json& json, const std::string& name);

}  // namespace tinyformer
