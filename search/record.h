// SearchRecord: what a search has come to, read from its store at one moment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "search/next_trials.h"
#include "search/settings.h"
#include "search/store/store.h"

namespace tinyformer {

/// The name of the study that a search's store holds.
inline constexpr const char* kSearchStudy = "search";

/// A search that may still go on. Everything that is shown of it is a function of this.
struct SearchRecord {
  std::string store;  // by the user's name for it
  SearchSettings settings;
  std::vector<Trial> trials;      // by kind, then number
  std::vector<EndedTrial> ended;  // those of them that have ended, in the same order
};

/// The study of the store.
/// Errors  search/no-study
Study FindSearch(Store* store);

/// Reads the search of the store, which may be open for reading only, while workers write to it.
/// Errors  search/no-study, those of Store, ParseSettings and CheckTrials
SearchRecord ReadSearchRecord(Store* store);

/// The best network so far: the best candidate, and what the compression stage made of it. Once
/// that is there, the candidate is the one that it began with.
struct BestNetwork {
  const EndedTrial* candidate = nullptr;   // nullptr: none has ended well
  const EndedTrial* compressed = nullptr;  // nullptr: not there yet
};

/// Points into the record.
BestNetwork FindBestNetwork(const SearchRecord& record);

/// How many trials of one kind are in each state.
struct StageCount {
  int64_t complete = 0, failed = 0, running = 0, waiting = 0;
};
StageCount CountStage(const SearchRecord& record, const std::string& kind);

/// What trials of kind kAlone have come to. Accuracies are those of candidates, in [0, 1].
struct SearchChecks {
  struct Path {
    double score = 0;     // in the supernet
    double accuracy = 0;  // of its network, trained alone
  };
  std::vector<Path> paths;
  double kendall_tau = 0, spearman_rho = 0;  // of paths
  std::vector<double> random;                // accuracies of random networks that fit
  double random_median = 0;
  std::optional<double> winner;  // the best candidate's network, from weights of its own
};

/// Those that are complete.
SearchChecks FindChecks(const SearchRecord& record);

/// {"settings", "trials": how many, "stages": for each kind the trials in each state, "feasible":
/// candidates that keep the limits, "over", "best", "front", "checks"}: a network is its number,
/// genome, results and costs.
Json SummaryJson(const SearchRecord& record);

/// SummaryJson and "all": every trial with its times, payload, result and error.
Json ToJson(const SearchRecord& record);

}  // namespace tinyformer
