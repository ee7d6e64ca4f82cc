// A worker: takes trials from the store, makes them, and plans the next generation when none is
// left. Any number of workers may come and go; the store keeps what is done.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "search/next_trials.h"
#include "search/store/store.h"

namespace tinyformer {

/// What keeps this machine from making trials, whichever: its disk is full, a program is missing.
class WorkerFault : public Error {
 public:
  explicit WorkerFault(const Error& error) : Error(error) {}
};

/// Makes one trial and returns its result, as next_trials.h says. It begins where an earlier
/// attempt was cut off, and should look at InterruptRequested.
///
/// Throws  Error (the trial fails), Interrupted and WorkerFault (the trial waits for another
///         worker)
using TrialFunction = std::function<Json(const Trial& trial, const Lease& lease)>;

/// name      who does the work, in the store's words: "host:1234"
/// lease_ms  for so long a worker that says nothing is believed to live
/// poll_ms   between looks at the store while others finish a generation
/// attempts  failures after which a trial is failed for good
/// too_late  is told of a trial that this worker ended when its lease was over and the trial
///           another's: what it found is not kept
struct WorkerOptions {
  std::string name;
  int64_t lease_ms = 120'000;
  int64_t poll_ms = 500;
  int64_t attempts = 2;
  std::function<void(const Trial&)> too_late = {};
};

/// All trials of the study that have ended, as NextTrials wants them.
std::vector<EndedTrial> EndedTrials(const std::vector<Trial>& trials);

/// Works until the search is at its end. `changed` is called after every trial of this worker and
/// while it waits.
///
/// Errors  those of Store, CheckTrials and NextTrials; Interrupted, WorkerFault and whatever is no
///         Error (the trial at hand waits again)
void RunWorker(
    Store* store, const Study& study, const SearchSettings& settings, const PriceFunction& price,
    const TrialFunction& make, const WorkerOptions& options,
    const std::function<void()>& changed = [] {});

}  // namespace tinyformer
