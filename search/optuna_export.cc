#include "search/optuna_export.h"

#include <algorithm>
#include <map>

namespace tinyformer {
namespace {

using Curve = std::vector<std::pair<int64_t, double>>;

void AddCurve(const std::vector<Metric>& metrics, const std::string& name, int64_t first,
              Curve* curve) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) curve->emplace_back(first + metric.step, metric.value);
  }
}

double CostOf(const ResourceUse& use, Objective objective) {
  switch (objective) {
    case Objective::kFlash:
      return static_cast<double>(use.flash_bytes);
    case Objective::kRam:
      return static_cast<double>(use.sram_peak_bytes);
    default:
      return static_cast<double>(use.cycles);
  }
}

class Exporter {
 public:
  Exporter(const SearchRecord& record, const MetricsFunction& metrics)
      : settings_(record.settings), metrics_(metrics) {
    for (const Trial& trial : record.trials) trials_[trial.kind][trial.number] = &trial;
  }

  OptunaStudy Supernets() {
    OptunaStudy study = Named("supernets");
    study.objectives = {{"score", true}};
    const std::vector<Axis> axes = SupernetAxes(settings_.space);
    for (const auto& [number, trial] : trials_[kSupernet]) {
      OptunaTrial out = OptunaTrialOf(*trial);
      out.params = OptunaParams(axes, PointOf(*trial));
      if (out.state == OptunaState::kComplete) {
        out.values = {trial->result.at("score").get<double>()};
        out.attributes["top_decile"] = trial->result.value("top_decile", Json());
      }
      AddCurve(metrics_(trial->id), "train_loss", 0, &out.curve);
      study.trials.push_back(std::move(out));
    }
    return study;
  }

  OptunaStudy Candidates() {
    OptunaStudy study = Named("candidates");
    for (Objective objective : settings_.objectives) {
      study.objectives.push_back({ObjectivesText({objective}), objective == Objective::kAccuracy});
    }
    std::map<int64_t, const Trial*> trials = trials_[kScreening];
    for (const auto& [number, trial] : trials_[kCandidate]) trials[number] = trial;
    for (const auto& [number, trial] : trials) study.trials.push_back(CandidateOf(*trial));
    return study;
  }

 private:
  OptunaStudy Named(const std::string& name) const {
    OptunaStudy study;
    study.name = name;
    study.attributes = ToJson(settings_);
    return study;
  }

  static Point PointOf(const Trial& trial) {
    return RequireKey<Point>(trial.payload, "point",
                             trial.kind + " " + std::to_string(trial.number), "a list of indices");
  }

  OptunaTrial CandidateOf(const Trial& trial) {
    OptunaTrial out = OptunaTrialOf(trial);
    const Trial& supernet = *trials_[kSupernet].at(trial.payload.at("supernet").get<int64_t>());
    out.params =
        OptunaParams(PathAxes(settings_.space, MakeSupernet(settings_.space, PointOf(supernet))),
                     PointOf(trial));
    out.attributes["supernet"] = supernet.number;
    if (trial.state == TrialState::kComplete) {
      for (const auto& [key, value] : trial.result.items()) {
        if (key == "use") out.attributes.update(value);
        if (key != "use" && key != "accuracy") out.attributes[key] = value;
      }
    }
    if (trial.kind == kScreening) {
      if (out.state == OptunaState::kComplete) out.state = AfterScreening(trial);
    } else if (out.state == OptunaState::kComplete) {
      const ResourceUse use = ParseUse(trial.result.at("use"), "use");
      for (Objective objective : settings_.objectives) {
        out.values.push_back(objective == Objective::kAccuracy
                                 ? trial.result.at("accuracy").get<double>()
                                 : CostOf(use, objective));
      }
    }
    const std::vector<Metric> metrics = metrics_(trial.id);
    AddCurve(metrics, "validation_accuracy", 0, &out.curve);
    AddCurve(metrics, "compressed/validation_accuracy", settings_.budget.candidate_epochs,
             &out.curve);
    return out;
  }

  // Stopped early once the better ones of its generation are chosen.
  OptunaState AfterScreening(const Trial& screened) {
    const Json& generation = screened.payload.at("generation");
    const auto& chosen = trials_[kCandidate];
    const bool is_over = std::any_of(chosen.begin(), chosen.end(), [&](const auto& one) {
      return one.second->payload.at("generation") == generation;
    });
    return is_over ? OptunaState::kPruned : OptunaState::kRunning;
  }

  const SearchSettings& settings_;
  const MetricsFunction& metrics_;
  std::map<std::string, std::map<int64_t, const Trial*>> trials_;
};

}  // namespace

std::vector<OptunaStudy> MakeOptunaStudies(const SearchRecord& record,
                                           const MetricsFunction& metrics) {
  Exporter exporter(record, metrics);
  return {exporter.Supernets(), exporter.Candidates()};
}

}  // namespace tinyformer
