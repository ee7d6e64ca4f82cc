// A search from the command line: its settings, this machine's worker, and what came out.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "cli/slurm_launch.h"
#include "search/settings.h"

namespace tinyformer {

struct SearchRequest {
  std::string data, output;
  std::string store;  // URL; empty: search.db in the output folder
  std::string space = "paper", target = "stm32f746", limit, objectives = "accuracy";
  std::string adjust;  // "paper", "bisection": other dims for a space that Alg. 1 rejects
  SearchBudget budget;
  SearchTraining training;
  uint64_t seed = 1;
  int64_t threads = 0, lease_seconds = 120;
  int64_t workers = 1;  // processes on this machine, or of the Slurm job
  std::string launch;   // "slurm": submits a job of workers, and works not itself
  SlurmJob slurm;       // but for workers and threads
  bool join = false;    // work at a search that is there; its settings count
  bool status = false;  // only say how far it is
  bool retry = false;   // failed trials wait again
};

/// The URL of its store.
std::string StoreOf(const SearchRequest& request);

/// Begins the search, or goes on with it, and works until it is at its end.
///
/// Writes  the folder of TrialMaker, search.json (settings, trials, front), and the store
/// Errors  search/option, search/no-study, search/other-data, those of the store and of NextTrials;
///         Interrupted (the same command goes on)
Answer RunSearch(const SearchRequest& request, const CommandLine& line);

}  // namespace tinyformer
