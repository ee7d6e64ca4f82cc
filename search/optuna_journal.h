// A study as Optuna's journal, so that optuna-dashboard and Optuna's plots open it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "search/point.h"
#include "search/store/store.h"

namespace tinyformer {

/// A number that trials are judged by.
struct OptunaObjective {
  std::string name;
  bool is_maximized = true;
};

/// What one trial chose: choices[choice], a categorical parameter of Optuna's.
struct OptunaParam {
  std::string name;
  std::vector<Json> choices;  // numbers, texts, true or false
  size_t choice = 0;
};

/// Numbers are Optuna's own (optuna.trial.TrialState).
enum class OptunaState { kRunning = 0, kComplete = 1, kPruned = 2, kFailed = 3, kWaiting = 4 };

struct OptunaTrial {
  OptunaState state = OptunaState::kWaiting;
  std::vector<OptunaParam> params;
  /// One an objective when it is complete; otherwise none.
  std::vector<double> values;
  /// An object: what else is worth seeing.
  Json attributes = Json::object();
  /// (step, value): the curve that Optuna draws for studies of one objective.
  std::vector<std::pair<int64_t, double>> curve;
  /// Milliseconds since 1970; 0: not yet.
  int64_t started_ms = 0;
  int64_t finished_ms = 0;
};

struct OptunaStudy {
  std::string name;
  std::vector<OptunaObjective> objectives;
  /// An object: the search's settings, for example.
  Json attributes = Json::object();
  /// In order of their numbers: Optuna numbers them 0, 1, ... as they come.
  std::vector<OptunaTrial> trials = {};
};

/// State and times of a stored trial; kind, number, worker and error as attributes. Values, params
/// and curve are the caller's to add.
OptunaTrial OptunaTrialOf(const Trial& trial);

/// The axes that are not idle, with the values that the point has on them.
std::vector<OptunaParam> OptunaParams(const std::vector<Axis>& axes, const Point& point);

/// The journal's text: one JSON object a line, which JournalStorage(JournalFileBackend(file)) reads
/// (Optuna 3.1: JournalFileStorage). A complete trial whose values are not all finite is written as
/// failed, as Optuna itself does; points of a curve that are not finite are left out.
///
/// Source  optuna/storages/journal: JournalOperation CREATE_STUDY, SET_STUDY_USER_ATTR,
///         SET_STUDY_SYSTEM_ATTR, CREATE_TRIAL
std::string OptunaJournal(const std::vector<OptunaStudy>& studies);

}  // namespace tinyformer
