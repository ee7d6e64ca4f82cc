// NextTrials: which trials a search makes next, as a function of its settings and of what is
// finished. Whoever asks, on whichever machine, gets the same answer.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "search/settings.h"

namespace tinyformer {

// Kinds of trials, in the order of the stages. A payload's `generation` counts from 0 in each
// stage.
//
// kAnalysis   Alg. 1: what the space holds. It stops nothing: a space that is rejected is searched.
//             payload  samples
//             result   ToJson(SpaceAnalysis)
// kSupernet   Alg. 2: shared weights are trained, sparse paths through them judged.
//             payload  generation, point (of SupernetAxes), paths (points of PathAxes, all fit)
//             result   score: mean accuracy of the paths in [0, 1]; accuracies: each one's
// kScreening  early stopping, only where it is on: the dense training of a candidate.
//             payload  of the candidate, which has the same number
//             result   accuracy_dense in [0, 1] (float, validation images)
// kCandidate  Alg. 3: one path through the best supernet is trained, pruned and quantised.
//             payload  generation, supernet (number of its trial), point (of PathAxes), genome,
//                      use (priced)
//             result   accuracy in [0, 1] (int8, validation images), use (of its own weights);
//                      fits: false when that is above a limit
// kFinal      III-C1, compression stage: the best candidate is pruned again and fine-tuned.
//             payload  candidate (number of its trial)
//             result   accuracy, use
// kAlone      checks of the search: a network trained from weights of its own, for the epochs of a
//             candidate.
//             payload  origin: "path" (of the best supernet; score: its accuracy there), "random"
//                      (of the whole space, fits) or "winner" (the best candidate); genome, use
//             result   as a candidate's
inline constexpr const char* kAnalysis = "analysis";
inline constexpr const char* kSupernet = "supernet";
inline constexpr const char* kScreening = "screening";
inline constexpr const char* kCandidate = "candidate";
inline constexpr const char* kFinal = "final";
inline constexpr const char* kAlone = "alone";

/// Random networks that Alg. 1 looks at.
inline constexpr int64_t kAnalysedNetworks = 1000;

/// A trial that nobody works on any more. A null result: it failed.
struct EndedTrial {
  std::string kind;
  int64_t number = 0;
  Json payload, result;
};

/// A trial that is to be made. (kind, number) is its name.
struct PlannedTrial {
  std::string kind;
  int64_t number = 0;
  Json payload;
  bool operator==(const PlannedTrial&) const = default;
};

/// The generation that follows those that have ended; empty at the end of the search.
///
/// ended   all trials of the search, in any order
/// Needs   every trial that was planned before has ended
/// Errors  search/nothing-fits (no supernet or no candidate of the space keeps the limits),
///         search/all-failed (every trial of a stage failed, or is above a limit); json/* for a
///         payload that is not ours
std::vector<PlannedTrial> NextTrials(const SearchSettings& settings, const PriceFunction& price,
                                     const std::vector<EndedTrial>& ended);

/// Epochs of training in a trial of that kind: how long it takes beside others.
int64_t EpochsOf(const std::string& kind, const SearchBudget& budget);
/// Of all trials, when no stage ends early.
int64_t AllEpochs(const SearchBudget& budget);

/// The ended trial of that kind with the best first objective (supernets: score) that fits; of
/// equal ones the lowest number. Null when there is none.
const EndedTrial* BestTrial(const std::vector<EndedTrial>& ended, const std::string& kind);

/// The complete candidates that no other one dominates in the search's objectives, by number.
std::vector<EndedTrial> ParetoFront(const SearchSettings& settings,
                                    const std::vector<EndedTrial>& ended);

}  // namespace tinyformer
