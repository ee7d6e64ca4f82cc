#include "cli/search_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "report/format.h"
#include "search/choice_effects.h"
#include "search/network_parts.h"
#include "search/read_space.h"

namespace tinyformer {
namespace {

std::string NameOf(const Trial& trial) { return trial.kind + " " + std::to_string(trial.number); }

std::optional<double> MaybeNumber(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json.at(key).is_number()) return std::nullopt;
  const double value = json.at(key).get<double>();
  return std::isfinite(value) ? std::optional<double>(value) : std::nullopt;
}

// The number by which trials of a kind are compared.
std::optional<double> ValueOf(const Trial& trial) {
  const char* key = trial.kind == kSupernet    ? "score"
                    : trial.kind == kScreening ? "accuracy_dense"
                                               : "accuracy";
  return MaybeNumber(trial.result, key);
}

Genome GenomeOf(const Trial& trial) {
  return ParseGenome(RequireKey<Json>(trial.payload, "genome", NameOf(trial), "an object"),
                     NameOf(trial));
}

// "down conv 3x3, stride 2; mb1 expansion 2, 50 %/4; ...": parts that have a choice.
std::string DescribeNetwork(const Genome& genome) {
  std::string text, stage;
  for (const NetworkPart& part : ListParts(genome)) {
    if (part.name == "head" || part.name == "stem") continue;
    const size_t dot = part.name.find('.');
    std::string name = part.name;
    if (dot != std::string::npos) {
      const std::string begins = part.name.substr(0, dot);
      name = (begins != stage ? begins + ": " : "") + part.name.substr(dot + 1);
      stage = begins;
    }
    text += (text.empty() ? "" : "; ") + name + " " + part.choice;
    if (part.prune.sparsity > 0) {
      text += ", " + FormatPercent(part.prune.sparsity, 0) + " in blocks of " +
              std::to_string(part.prune.block);
    }
  }
  return text;
}

std::string ErrorText(const Json& error) {
  if (!error.is_object()) return "";
  return error.value("code", "") + ", " + error.value("where", "") + ": " +
         error.value("found", "");
}

// A value of an axis as people read it: texts without quotes, 0 rather than 0.0.
std::string ValueText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  const bool is_whole = value.is_number() && std::floor(value.get<double>()) == value.get<double>();
  return is_whole ? FormatFixed(value.get<double>(), 0) : JsonText(value);
}

// "dot1.dim 12, dot1.heads 2, ...": the axes that mean something at the point.
std::string DescribePoint(const std::vector<Axis>& axes, const Point& point) {
  std::string text;
  const std::vector<bool> idle = IdleAxes(axes, point);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (idle[i] || axes[i].values.size() < 2) continue;
    text += (text.empty() ? "" : ", ") + axes[i].name + " " +
            ValueText(axes[i].values[static_cast<size_t>(point[i])]);
  }
  return text;
}

class Reporter {
 public:
  explicit Reporter(const SearchRecord& record) : record_(record), settings_(record.settings) {
    for (const EndedTrial& trial : ParetoFront(settings_, record.ended))
      front_.insert(trial.number);
    for (const Trial& trial : record.trials) {
      if (trial.kind == kCandidate) {
        candidates_.insert(trial.number);
        generations_.insert(GenerationOf(trial));
      }
    }
  }

  ReportedSearch Report() {
    Settings();
    for (const Trial& trial : record_.trials) {
      search_.trials.push_back(ReportTrial(trial));
      if (trial.kind == kAnalysis && trial.state == TrialState::kComplete)
        search_.analysis = ParseReportedSpace(trial.result, NameOf(trial));
    }
    Stages();
    Winner();
    search_.candidate_choices = Choices(kCandidate);
    search_.supernet_choices = Choices(kSupernet);
    Checks();
    const bool all_ended = record_.ended.size() == record_.trials.size();
    search_.over = all_ended && CompressedOf(search_) != nullptr;
    return std::move(search_);
  }

 private:
  void Settings() {
    search_.store = record_.store;
    search_.space = settings_.space.name;
    search_.space_text = SpaceText(settings_.space);
    search_.target = settings_.target;
    for (const Objective objective : settings_.objectives)
      search_.objectives += (search_.objectives.empty() ? "" : ", ") + ObjectivesText({objective});
    search_.data_fingerprint = settings_.data_fingerprint;
    search_.seed = static_cast<int64_t>(settings_.seed);
    search_.input = {settings_.task.height, settings_.task.width, settings_.task.channels};
    search_.classes = settings_.task.classes;
    search_.flash_limit_bytes = settings_.limits.flash_bytes;
    search_.ram_limit_bytes = settings_.limits.ram_bytes;
    search_.cycles_limit = settings_.limits.cycles;
  }

  void Stages() {
    const SearchBudget& budget = settings_.budget;
    const bool screened = budget.early_stop > 0;
    // As NextTrials plans them; where few networks fit, fewer.
    search_.stages = {
        {kAnalysis, "space analysis (Alg. 1)", 1},
        {kSupernet, "supernets (Alg. 2)", budget.supernets},
        {kScreening, "dense training of candidates", screened ? budget.candidates : 0},
        {kCandidate, "sparse candidates (Alg. 3)", KeptCandidates(budget)},
        {kFinal, "compression stage of the best", 1},
        {kAlone, "checks: trained alone", CountAloneTrials(budget)}};
    auto place = [&](const ReportedTrial& trial) {
      return std::find_if(search_.stages.begin(), search_.stages.end(),
                          [&](const ReportedStage& stage) { return stage.kind == trial.kind; }) -
             search_.stages.begin();
    };
    std::stable_sort(search_.trials.begin(), search_.trials.end(),
                     [&](const auto& a, const auto& b) { return place(a) < place(b); });
  }

  int64_t GenerationOf(const Trial& trial) const {
    return OptionalKey<int64_t>(trial.payload, "generation", NameOf(trial), "a whole number",
                                trial.number / settings_.budget.generation);
  }

  // A screened candidate is stopped when others of its generation went on without it.
  TrialOutcome OutcomeOf(const Trial& trial) const {
    if (trial.state == TrialState::kWaiting) return TrialOutcome::kWaiting;
    if (trial.state == TrialState::kRunning) return TrialOutcome::kRunning;
    if (trial.state == TrialState::kFailed) return TrialOutcome::kFailed;
    const bool stopped = trial.kind == kScreening && candidates_.count(trial.number) == 0 &&
                         generations_.count(GenerationOf(trial)) != 0;
    return stopped ? TrialOutcome::kStopped : TrialOutcome::kComplete;
  }

  ReportedTrial ReportTrial(const Trial& trial) const {
    ReportedTrial reported;
    reported.kind = trial.kind;
    reported.number = trial.number;
    reported.generation = GenerationOf(trial);
    reported.outcome = OutcomeOf(trial);
    reported.worker = trial.worker;
    reported.started_ms = trial.started_ms;
    reported.finished_ms = trial.finished_ms;
    reported.on_front = trial.kind == kCandidate && front_.count(trial.number) != 0;
    if (trial.state == TrialState::kFailed) reported.error = ErrorText(trial.error);
    if (trial.kind == kSupernet) {
      reported.choices = DescribePoint(SupernetAxes(settings_.space), PointOf(trial));
    } else if (trial.payload.contains("genome")) {
      reported.choices = DescribeNetwork(GenomeOf(trial));
    }
    if (trial.state != TrialState::kComplete) return reported;
    reported.value = ValueOf(trial);
    reported.fits = trial.result.value("fits", true);
    if (trial.result.contains("use")) {
      const ResourceUse use = ParseUse(trial.result.at("use"), NameOf(trial));
      reported.flash_bytes = use.flash_bytes;
      reported.ram_bytes = use.sram_peak_bytes;
      reported.cycles = use.cycles;
    }
    return reported;
  }

  static Point PointOf(const Trial& trial) {
    return RequireKey<Point>(trial.payload, "point", NameOf(trial), "a list of indices");
  }

  void Winner() {
    const BestNetwork best = FindBestNetwork(record_);
    if (best.candidate == nullptr) return;
    search_.winner = best.candidate->number;
    const std::string name = "candidate " + std::to_string(best.candidate->number);
    const Genome genome =
        ParseGenome(RequireKey<Json>(best.candidate->payload, "genome", name, "an object"), name);
    for (const NetworkPart& part : ListParts(genome)) {
      const bool pruned = part.prune.sparsity > 0;
      ReportedPart reported{part.name,           part.kind,
                            part.choice,         part.output,
                            part.prune.sparsity, pruned ? part.prune.block : 0,
                            part.residual,       {}};
      for (const LayerSpec& layer : part.layers)
        reported.layers.push_back({layer.name, layer.weights});
      search_.parts.push_back(std::move(reported));
    }
  }

  std::vector<Axis> AxesOf(const Trial& trial) const {
    if (trial.kind == kSupernet) return SupernetAxes(settings_.space);
    const auto number =
        RequireKey<int64_t>(trial.payload, "supernet", NameOf(trial), "a whole number");
    for (const Trial& supernet : record_.trials) {
      if (supernet.kind != kSupernet || supernet.number != number) continue;
      return PathAxes(settings_.space, MakeSupernet(settings_.space, PointOf(supernet)));
    }
    FailJsonKey(NameOf(trial), "supernet", "the number of a supernet", std::to_string(number));
  }

  std::vector<ReportedChoice> Choices(const char* kind) const {
    std::vector<JudgedPoint> points;
    for (const Trial& trial : record_.trials) {
      const std::optional<double> value = ValueOf(trial);
      if (trial.kind != kind || trial.state != TrialState::kComplete || !value) continue;
      points.push_back({AxesOf(trial), PointOf(trial), *value});
    }
    std::vector<ReportedChoice> choices;
    for (const ChoiceEffect& effect : ChoiceEffects(points)) {
      choices.push_back({effect.axis, ValueText(effect.value), effect.count, effect.mean,
                         effect.difference, effect.error});
    }
    return choices;
  }

  void Checks() {
    const SearchChecks checks = FindChecks(record_);
    for (const auto& path : checks.paths) {
      search_.checks.ranks.push_back(
          {"path " + std::to_string(search_.checks.ranks.size()), path.score, path.accuracy});
    }
    search_.checks.kendall_tau = checks.kendall_tau;
    search_.checks.spearman_rho = checks.spearman_rho;
    search_.checks.random = checks.random;
    search_.checks.winner = checks.winner;
  }

  const SearchRecord& record_;
  const SearchSettings& settings_;
  ReportedSearch search_;
  std::set<int64_t> front_, candidates_, generations_;
};

}  // namespace

ReportedSearch ReportSearch(const SearchRecord& record) { return Reporter(record).Report(); }

}  // namespace tinyformer
