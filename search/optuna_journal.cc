#include "search/optuna_journal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/check.h"

namespace tinyformer {
namespace {

enum Operation {
  kCreateStudy = 0,
  kSetStudyUserAttr = 2,
  kSetStudySystemAttr = 3,
  kCreateTrial = 4
};

std::string Line(Operation operation, const Json& fields) {
  Json line = {{"op_code", static_cast<int>(operation)}, {"worker_id", "tinyformer"}};
  line.update(fields);
  return JsonText(line) + "\n";
}

// ISO 8601 in UTC, as Python's datetime.fromisoformat reads it; null for 0.
Json IsoTime(int64_t ms) {
  if (ms == 0) return nullptr;
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char day[32], text[64];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text, sizeof text, "%s.%03d000+00:00", day, static_cast<int>(ms % 1000));
  return text;
}

std::string Distribution(const std::vector<Json>& choices) {
  return JsonText({{"name", "CategoricalDistribution"}, {"attributes", {{"choices", choices}}}});
}

std::string TrialLine(const OptunaTrial& trial, size_t study_id, size_t objectives) {
  const bool is_complete = trial.state == OptunaState::kComplete;
  TF_CHECK(trial.values.size() == (is_complete ? objectives : 0), "values", trial.values.size());
  const bool is_finite = std::all_of(trial.values.begin(), trial.values.end(),
                                     [](double value) { return std::isfinite(value); });
  Json distributions = Json::object(), params = Json::object(), curve = Json::object();
  for (const OptunaParam& param : trial.params) {
    TF_CHECK(param.choice < param.choices.size(), param.name, "choice", param.choice);
    distributions[param.name] = Distribution(param.choices);
    params[param.name] = param.choice;
  }
  for (const auto& [step, value] : trial.curve) {
    if (std::isfinite(value)) curve[std::to_string(step)] = value;
  }
  const bool has_values = is_complete && is_finite;
  Json fields = {
      {"study_id", study_id},
      {"datetime_start", IsoTime(trial.started_ms)},
      {"state", static_cast<int>(is_finite ? trial.state : OptunaState::kFailed)},
      {"value", has_values && objectives == 1 ? Json(trial.values[0]) : Json()},
      {"values", has_values && objectives > 1 ? Json(trial.values) : Json()},
  };
  // Optuna reads the key's absence, not null, as "not yet".
  if (trial.finished_ms != 0) fields["datetime_complete"] = IsoTime(trial.finished_ms);
  fields["distributions"] = distributions;
  fields["params"] = params;
  fields["user_attrs"] = trial.attributes;
  fields["system_attrs"] = Json::object();
  fields["intermediate_values"] = curve;
  return Line(kCreateTrial, fields);
}

}  // namespace

OptunaTrial OptunaTrialOf(const Trial& trial) {
  OptunaTrial result;
  result.attributes = {{"kind", trial.kind}, {"number", trial.number}};
  if (!trial.worker.empty()) result.attributes["worker"] = trial.worker;
  if (!trial.error.is_null()) result.attributes["error"] = trial.error;
  result.started_ms = trial.started_ms;
  result.finished_ms = trial.finished_ms;
  switch (trial.state) {
    case TrialState::kWaiting:
      result.state = OptunaState::kWaiting;
      result.started_ms = 0;
      break;
    case TrialState::kRunning:
      result.state = OptunaState::kRunning;
      break;
    case TrialState::kComplete:
      result.state = OptunaState::kComplete;
      break;
    case TrialState::kFailed:
      result.state = OptunaState::kFailed;
      break;
  }
  return result;
}

std::vector<OptunaParam> OptunaParams(const std::vector<Axis>& axes, const Point& point) {
  TF_CHECK(IsPointOf(axes, point));
  const std::vector<bool> is_idle = IdleAxes(axes, point);
  std::vector<OptunaParam> params;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!is_idle[i]) {
      params.push_back({axes[i].name, axes[i].values, static_cast<size_t>(point[i])});
    }
  }
  return params;
}

namespace {

std::string StudyLines(const OptunaStudy& study, size_t study_id) {
  TF_CHECK(!study.objectives.empty());
  Json directions = Json::array(), names = Json::array();
  for (const OptunaObjective& objective : study.objectives) {
    directions.push_back(objective.is_maximized ? 2 : 1);
    names.push_back(objective.name);
  }
  std::string text = Line(kCreateStudy, {{"study_name", study.name}, {"directions", directions}});
  text += Line(kSetStudySystemAttr,
               {{"study_id", study_id}, {"system_attr", {{"study:metric_names", names}}}});
  for (const auto& item : study.attributes.items()) {
    text += Line(kSetStudyUserAttr,
                 {{"study_id", study_id}, {"user_attr", {{item.key(), item.value()}}}});
  }
  for (const OptunaTrial& trial : study.trials) {
    text += TrialLine(trial, study_id, study.objectives.size());
  }
  return text;
}

}  // namespace

std::string OptunaJournal(const std::vector<OptunaStudy>& studies) {
  std::string text;
  for (size_t i = 0; i < studies.size(); ++i) text += StudyLines(studies[i], i);
  return text;
}

}  // namespace tinyformer
