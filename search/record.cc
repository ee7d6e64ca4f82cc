#include "search/record.h"

#include "base/error.h"
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
  record.ended = EndedTrials(record.trials);
  return record;
}

BestNetwork FindBestNetwork(const SearchRecord& record) {
  BestNetwork best;
  best.candidate = BestTrial(record.ended, kCandidate);
  if (best.candidate != nullptr) best.compressed = BestTrial(record.ended, kFinal);
  return best;
}

Json SummaryJson(const SearchRecord& record) {
  Json json;
  json["settings"] = ToJson(record.settings);
  json["trials"] = record.trials.size();
  json["feasible"] = CountFeasible(record.ended);
  json["over"] =
      BestTrial(record.ended, kFinal) != nullptr && record.ended.size() == record.trials.size();
  json["best"] = BestJson(FindBestNetwork(record));
  json["front"] = Json::array();
  for (const EndedTrial& trial : ParetoFront(record.settings, record.ended)) {
    json["front"].push_back(NetworkJson(trial));
  }
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
