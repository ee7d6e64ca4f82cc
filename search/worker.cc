#include "search/worker.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "search/check_trials.h"
#include "search/store/heartbeat.h"

namespace tinyformer {
namespace {

using std::chrono::milliseconds;

void Make(Store* store, const ClaimedTrial& claimed, const TrialFunction& make,
          const WorkerOptions& options) {
  const auto end = [&](bool noted) {
    if (!noted && options.too_late) options.too_late(claimed.trial);
  };
  try {
    Json result;
    {
      const Heartbeat heartbeat(*store, claimed.lease, options.lease_ms);
      result = make(claimed.trial, claimed.lease);
    }
    end(store->Complete(claimed.lease, result));
  } catch (const WorkerFault&) {
    store->Release(claimed.lease);
    throw;
  } catch (const Error& error) {
    if (error.code().starts_with("store/")) {  // the trial itself may well have succeeded
      store->Release(claimed.lease);
      throw;
    }
    end(store->Fail(claimed.lease, ToJson(error), options.attempts));
  } catch (...) {  // interrupted, out of memory, a bug of ours
    store->Release(claimed.lease);
    throw;
  }
}

void Wait(int64_t ms) {
  constexpr int64_t kStep = 50;
  for (int64_t waited = 0; waited < ms; waited += kStep) {
    ThrowIfInterrupted();
    std::this_thread::sleep_for(milliseconds(std::min(kStep, ms - waited)));
  }
}

}  // namespace

std::vector<EndedTrial> EndedTrials(const std::vector<Trial>& trials) {
  std::vector<EndedTrial> ended;
  for (const Trial& trial : trials) {
    if (trial.state != TrialState::kComplete && trial.state != TrialState::kFailed) continue;
    ended.push_back({trial.kind, trial.number, trial.payload,
                     trial.state == TrialState::kComplete ? trial.result : Json(nullptr)});
  }
  return ended;
}

void RunWorker(Store* store, const Study& study, const SearchSettings& settings,
               const PriceFunction& price, const TrialFunction& make, const WorkerOptions& options,
               const std::function<void()>& changed) {
  ClaimRequest request;
  request.worker = options.name;
  request.lease_ms = options.lease_ms;
  CheckTrials(settings, store->Trials(study.id), store->name());
  for (;;) {
    ThrowIfInterrupted();
    if (const std::optional<ClaimedTrial> claimed = store->Claim(study.id, request)) {
      Make(store, *claimed, make, options);
      changed();
      continue;
    }
    const std::vector<Trial> trials = store->Trials(study.id);
    const std::vector<EndedTrial> ended = EndedTrials(trials);
    if (ended.size() < trials.size()) {  // others are at it
      changed();
      Wait(options.poll_ms);
      continue;
    }
    std::vector<NewTrial> next;
    for (PlannedTrial& trial : NextTrials(settings, price, ended)) {
      next.push_back({trial.kind, trial.number, std::move(trial.payload)});
    }
    if (next.empty()) return;
    store->AddTrials(study.id, next);
  }
}

}  // namespace tinyformer
