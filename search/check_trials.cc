#include "search/check_trials.h"

#include <map>
#include <utility>

#include "base/error.h"
#include "search/genome.h"
#include "search/next_trials.h"

namespace tinyformer {
namespace {

class TrialCheck {
 public:
  TrialCheck(const SearchSettings& settings, const std::vector<Trial>& trials)
      : settings_(settings), supernet_axes_(SupernetAxes(settings.space)) {
    for (const Trial& trial : trials) trials_[{trial.kind, trial.number}] = &trial;
  }

  void Check(const Trial& trial) const {
    CheckPayload(trial);
    if (trial.state == TrialState::kComplete) CheckResult(trial);
    if (trial.state == TrialState::kFailed) {
      Object(trial.error, "error");
      for (const char* key : {"code", "where", "found", "message"}) {
        OptionalKey<std::string>(trial.error, key, "error", "a text", "");
      }
    }
  }

 private:
  static void Object(const Json& json, const std::string& name) {
    if (!json.is_object()) throw Error("", name, "an object", JsonTypeName(json), "");
  }

  static void Number(const Json& json, const char* key, const std::string& name) {
    RequireKey<double>(json, key, name, "a number");
  }

  static int64_t Whole(const Json& json, const char* key) {
    const auto value = RequireKey<int64_t>(json, key, "payload", "a whole number from 0 on");
    if (value < 0) FailJsonKey("payload", key, "a whole number from 0 on", std::to_string(value));
    return value;
  }

  static Point PointAt(const Json& json, const std::string& name, const std::vector<Axis>& axes) {
    auto point = RequireKey<Point>(json, "point", name, "a list of indices");
    if (!IsPointOf(axes, point)) {
      FailJsonKey(name, "point", "an index on each of " + std::to_string(axes.size()) + " axes",
                  json.at("point").dump());
    }
    return point;
  }

  const Trial& Named(const Trial& trial, const char* key, const char* kind) const {
    const int64_t number = Whole(trial.payload, key);
    const auto found = trials_.find({kind, number});
    if (found == trials_.end()) {
      FailJsonKey("payload", key, std::string("the number of a ") + kind, std::to_string(number));
    }
    return *found->second;
  }

  std::vector<Axis> PathAxesOf(const Trial& supernet) const {
    const Point point = PointAt(supernet.payload, "payload", supernet_axes_);
    return PathAxes(settings_.space, MakeSupernet(settings_.space, point));
  }

  static void CheckNetwork(const Json& payload) {
    ParseGenome(RequireKey<Json>(payload, "genome", "payload", "an object"), "payload: genome");
    ParseUse(RequireKey<Json>(payload, "use", "payload", "an object"), "payload: use");
  }

  void CheckPayload(const Trial& trial) const {
    const Json& payload = trial.payload;
    Object(payload, "payload");
    if (trial.kind == kAnalysis) {
      Whole(payload, "samples");
    } else if (trial.kind == kSupernet) {
      Whole(payload, "generation");
      const std::vector<Axis> axes = PathAxesOf(trial);
      for (const Json& path :
           RequireKey<std::vector<Json>>(payload, "paths", "payload", "a list of points")) {
        PointAt({{"point", path}}, "payload: paths", axes);
      }
    } else if (trial.kind == kScreening || trial.kind == kCandidate) {
      Whole(payload, "generation");
      PointAt(payload, "payload", PathAxesOf(Named(trial, "supernet", kSupernet)));
      CheckNetwork(payload);
    } else if (trial.kind == kFinal) {
      Named(trial, "candidate", kCandidate);
    } else if (trial.kind == kAlone) {
      const auto origin = RequireKey<std::string>(payload, "origin", "payload", "a text");
      if (origin == "path") Number(payload, "score", "payload");
      CheckNetwork(payload);
    } else {
      throw Error("", "kind", "a kind of trial that a search has", "'" + trial.kind + "'", "");
    }
  }

  static void CheckResult(const Trial& trial) {
    const Json& result = trial.result;
    Object(result, "result");
    if (trial.kind == kAnalysis) return;
    if (trial.kind == kSupernet) {
      Number(result, "score", "result");
      const auto accuracies =
          RequireKey<std::vector<double>>(result, "accuracies", "result", "a list of numbers");
      if (accuracies.size() != trial.payload.at("paths").size()) {
        FailJsonKey("result", "accuracies",
                    std::to_string(trial.payload.at("paths").size()) + " numbers",
                    std::to_string(accuracies.size()));
      }
      return;
    }
    if (trial.kind == kScreening) return Number(result, "accuracy_dense", "result");
    Number(result, "accuracy", "result");
    OptionalKey<bool>(result, "fits", "result", "true or false", true);
    ParseUse(RequireKey<Json>(result, "use", "result", "an object"), "result: use");
  }

  const SearchSettings& settings_;
  const std::vector<Axis> supernet_axes_;
  std::map<std::pair<std::string, int64_t>, const Trial*> trials_;
};

}  // namespace

void CheckTrials(const SearchSettings& settings, const std::vector<Trial>& trials,
                 const std::string& store) {
  const TrialCheck check(settings, trials);
  for (const Trial& trial : trials) {
    try {
      check.Check(trial);
    } catch (const Error& error) {
      throw Error(
          "store/contents",
          store + ": " + trial.kind + " " + std::to_string(trial.number) + ", " + error.where(),
          error.expected(), error.found(), "go on from a copy: another program has changed it");
    }
  }
}

}  // namespace tinyformer
