#include "search/record.h"

#include "base/error.h"
#include "base/median.h"
#include "search/check_trials.h"
#include "search/rank_correlation.h"
#include "search/worker.h"

namespace tinyformer {
namespace {

Json NetworkJson(const EndedTrial& trial) {
  Json json = {{"number", trial.number}};
  if (trial.payload.contains("genome")) json["genome"] = trial.payload.at("genome");
  for (const auto& [key, value] : trial.result.items()) {
    if (key != "use") json[key] = value;
  }
  json.update(trial.result.at("use"));
  return json;
}

Json BestJson(const BestNetwork& best) {
  if (best.candidate == nullptr) return nullptr;
  Json json = NetworkJson(best.compressed != nullptr ? *best.compressed : *best.candidate);
  json["number"] = best.candidate->number;
  json["genome"] = best.candidate->payload.at("genome");
  return json;
}

int64_t CountFeasible(const std::vector<EndedTrial>& ended) {
  int64_t count = 0;
  for (const EndedTrial& trial : ended)
    count +=
        trial.kind == kCandidate && !trial.result.is_null() && trial.result.value("fits", true);
  return count;
}

Json ChecksJson(const SearchChecks& checks) {
  Json json = Json::object();
  if (!checks.paths.empty()) {
    json["paths"] = checks.paths.size();
    json["kendall_tau"] = checks.kendall_tau;
    json["spearman_rho"] = checks.spearman_rho;
  }
  if (!checks.random.empty()) {
    json["random"] = checks.random;
    json["random_median"] = checks.random_median;
  }
  if (checks.winner) json["winner"] = *checks.winner;
  return json;
}

}  // namespace

Study FindSearch(Store* store) {
  for (Study& study : store->Studies()) {
    if (study.name == kSearchStudy) return std::move(study);
  }
  throw Error("search/no-study", store->name(), "a search", "no search in this store",
              "begin one: tinyformer search --data D --target B -o out/");
}

SearchRecord ReadSearchRecord(Store* store) {
  const Study study = FindSearch(store);
  SearchRecord record;
  record.store = store->name();
  record.settings = ParseSettings(study.settings, store->name());
  record.trials = store->Trials(study.id);
  CheckTrials(record.settings, record.trials, record.store);
  record.ended = EndedTrials(record.trials);
  return record;
}

BestNetwork FindBestNetwork(const SearchRecord& record) {
  BestNetwork best;
  best.compressed = BestTrial(record.ended, kFinal);
  if (best.compressed == nullptr) {
    best.candidate = BestTrial(record.ended, kCandidate);
    return best;
  }
  // Another one may have become better since, after a retry.
  for (const EndedTrial& trial : record.ended) {
    if (trial.kind == kCandidate && trial.number == best.compressed->payload.at("candidate"))
      best.candidate = &trial;
  }
  return best;
}

StageCount CountStage(const SearchRecord& record, const std::string& kind) {
  StageCount count;
  for (const Trial& trial : record.trials) {
    if (trial.kind != kind) continue;
    count.complete += trial.state == TrialState::kComplete;
    count.failed += trial.state == TrialState::kFailed;
    count.running += trial.state == TrialState::kRunning;
    count.waiting += trial.state == TrialState::kWaiting;
  }
  return count;
}

SearchChecks FindChecks(const SearchRecord& record) {
  SearchChecks checks;
  std::vector<double> scores, accuracies;
  for (const EndedTrial& trial : record.ended) {
    if (trial.kind != kAlone || trial.result.is_null()) continue;
    const std::string name = trial.kind + " " + std::to_string(trial.number);
    const auto origin = RequireKey<std::string>(trial.payload, "origin", name, "a text");
    const auto accuracy = RequireKey<double>(trial.result, "accuracy", name, "a number");
    if (origin == "random") checks.random.push_back(accuracy);
    if (origin == "winner") checks.winner = accuracy;
    if (origin != "path") continue;
    scores.push_back(RequireKey<double>(trial.payload, "score", name, "a number"));
    accuracies.push_back(accuracy);
    checks.paths.push_back({scores.back(), accuracy});
  }
  checks.kendall_tau = KendallTau(scores, accuracies);
  checks.spearman_rho = SpearmanRho(scores, accuracies);
  if (!checks.random.empty()) checks.random_median = Median(checks.random);
  return checks;
}

Json SummaryJson(const SearchRecord& record) {
  Json json;
  json["settings"] = ToJson(record.settings);
  json["trials"] = record.trials.size();
  for (const char* kind : {kAnalysis, kSupernet, kScreening, kCandidate, kFinal, kAlone}) {
    const StageCount count = CountStage(record, kind);
    json["stages"][kind] = {{"complete", count.complete},
                            {"failed", count.failed},
                            {"running", count.running},
                            {"waiting", count.waiting}};
  }
  json["feasible"] = CountFeasible(record.ended);
  json["over"] =
      BestTrial(record.ended, kFinal) != nullptr && record.ended.size() == record.trials.size();
  json["best"] = BestJson(FindBestNetwork(record));
  json["front"] = Json::array();
  for (const EndedTrial& trial : ParetoFront(record.settings, record.ended)) {
    json["front"].push_back(NetworkJson(trial));
  }
  json["checks"] = ChecksJson(FindChecks(record));
  return json;
}

Json ToJson(const SearchRecord& record) {
  Json json = SummaryJson(record);
  json["all"] = Json::array();
  for (const Trial& trial : record.trials) {
    json["all"].push_back({{"kind", trial.kind},
                           {"number", trial.number},
                           {"state", TrialStateName(trial.state)},
                           {"worker", trial.worker},
                           {"started_ms", trial.started_ms},
                           {"finished_ms", trial.finished_ms},
                           {"payload", trial.payload},
                           {"result", trial.result},
                           {"error", trial.error}});
  }
  return json;
}

}  // namespace tinyformer
