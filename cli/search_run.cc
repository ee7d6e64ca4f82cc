#include "cli/search_run.h"

#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/candidate_prices.h"
#include "cli/text_table.h"
#include "cli/trial_maker.h"
#include "compiler/cost/layer_table.h"
#include "data/dataset.h"
#include "report/format.h"
#include "search/read_space.h"
#include "search/worker.h"
#include "sim/board.h"

namespace tinyformer {
namespace {

constexpr const char* kStudy = "search";

SearchSettings MakeSettings(const SearchRequest& request, const DatasetInfo& info) {
  const Board board = FindBoard(request.target);
  SearchSettings settings;
  settings.space = FindSpace(request.space);
  settings.task = {info.height, info.width, info.channels,
                   static_cast<int>(info.class_names.size())};
  RequireImagesFit(settings.space, settings.task, request.data);
  settings.data_fingerprint = info.fingerprint;
  settings.target = request.target;
  settings.limits = CandidateLimits(board, request.limit);
  settings.objectives = ParseObjectives(request.objectives);
  settings.budget = request.budget;
  settings.training = request.training;
  settings.seed = request.seed;
  CheckSettings(settings);
  return settings;
}

Study FindStudy(Store* store) {
  for (Study& study : store->Studies()) {
    if (study.name == kStudy) return study;
  }
  throw Error("search/no-study", store->name(), "a search", "no search in this store",
              "begin one: tinyformer search --data D --target B -o out/");
}

std::string WorkerName() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(::getpid());
}

// What the trials of one kind have come to.
struct StageCount {
  int64_t complete = 0, failed = 0, running = 0, waiting = 0;
};

StageCount CountStage(const std::vector<Trial>& trials, const std::string& kind) {
  StageCount count;
  for (const Trial& trial : trials) {
    if (trial.kind != kind) continue;
    count.complete += trial.state == TrialState::kComplete;
    count.failed += trial.state == TrialState::kFailed;
    count.running += trial.state == TrialState::kRunning;
    count.waiting += trial.state == TrialState::kWaiting;
  }
  return count;
}

Json Network(const EndedTrial& trial) {
  Json json = {{"number", trial.number}};
  if (trial.payload.contains("genome")) json["genome"] = trial.payload.at("genome");
  for (const auto& [key, value] : trial.result.items()) {
    if (key != "use") json[key] = value;
  }
  json.update(trial.result.at("use"));
  return json;
}

// The best network so far: that of the compression stage, else the best candidate.
Json BestNetwork(const std::vector<EndedTrial>& ended) {
  const EndedTrial* candidate = BestTrial(ended, kCandidate);
  const EndedTrial* last = BestTrial(ended, kFinal);
  if (candidate == nullptr) return nullptr;
  Json best = Network(last != nullptr ? *last : *candidate);
  best["number"] = candidate->number;
  best["genome"] = candidate->payload.at("genome");
  return best;
}

std::string StageLine(const std::string& name, const StageCount& count, int64_t budget) {
  std::string text = name + std::string(12 - name.size(), ' ') + std::to_string(count.complete) +
                     " of " + std::to_string(budget);
  if (count.running > 0) text += ", " + std::to_string(count.running) + " running";
  if (count.failed > 0) text += ", " + std::to_string(count.failed) + " failed";
  return text + "\n";
}

std::string UseText(const Json& network) {
  return FormatPercent(network.at("accuracy").get<double>(), 2) + " int8 (validation), flash " +
         WithThousands(network.at("flash_bytes").get<int64_t>()) + " B, RAM " +
         WithThousands(network.at("ram_peak_bytes").get<int64_t>()) + " B, " +
         WithThousands(network.at("cycles_estimate").get<int64_t>()) + " cycles (estimated)";
}

// A search in its store, as its settings and trials say.
class Search {
 public:
  Search(Store* store, Study study, SearchSettings settings)
      : store_(store), study_(std::move(study)), settings_(std::move(settings)) {}

  void Work(const SearchRequest& request) {
    const TrialMaker maker(settings_,
                           {request.output, request.data, static_cast<int>(request.threads)});
    WorkerOptions options;
    options.name = WorkerName();
    options.lease_ms = request.lease_seconds * 1000;
    Progress progress("search", Total(), "trials");
    progress.StartAt(Done());
    RunWorker(
        store_, study_, settings_, CandidatePrices(FindBoard(settings_.target)),
        [&](const Trial& trial, const Lease&) {
          std::fprintf(stderr, "%s %lld\n", trial.kind.c_str(),
                       static_cast<long long>(trial.number));
          return maker.Make(trial);
        },
        options, [&] { progress.Update(Done(), BestNote()); });
  }

  Answer Report() const {
    const std::vector<Trial> trials = store_->Trials(study_.id);
    const std::vector<EndedTrial> ended = EndedTrials(trials);
    Answer answer;
    const Json best = BestNetwork(ended);
    answer.json["settings"] = ToJson(settings_);
    answer.json["trials"] = trials.size();
    answer.json["feasible"] = Feasible(ended);
    answer.json["over"] = BestTrial(ended, kFinal) != nullptr;
    answer.json["best"] = best;
    answer.json["front"] = Json::array();
    for (const EndedTrial& trial : ParetoFront(settings_, ended)) {
      answer.json["front"].push_back(Network(trial));
    }
    answer.text = Text(trials, best);
    return answer;
  }

  // Everything that is known, for `report` and for whoever wants to plot it.
  Json Export() const {
    Json json = Report().json;
    json["all"] = Json::array();
    for (const Trial& trial : store_->Trials(study_.id)) {
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

 private:
  int64_t Total() const { return settings_.budget.supernets + settings_.budget.candidates + 1; }
  int64_t Done() const {
    return static_cast<int64_t>(EndedTrials(store_->Trials(study_.id)).size());
  }
  std::string BestNote() const {
    const EndedTrial* best = nullptr;
    const std::vector<EndedTrial> ended = EndedTrials(store_->Trials(study_.id));
    if ((best = BestTrial(ended, kCandidate)) != nullptr) {
      return "best candidate " + FormatPercent(best->result.at("accuracy").get<double>(), 2);
    }
    if ((best = BestTrial(ended, kSupernet)) != nullptr) {
      return "best supernet " + FormatPercent(best->result.at("score").get<double>(), 2);
    }
    return "";
  }
  static int64_t Feasible(const std::vector<EndedTrial>& ended) {
    int64_t count = 0;
    for (const EndedTrial& trial : ended) {
      count +=
          trial.kind == kCandidate && !trial.result.is_null() && trial.result.value("fits", true);
    }
    return count;
  }
  std::string Text(const std::vector<Trial>& trials, const Json& best) const {
    std::string text =
        StageLine("supernets", CountStage(trials, kSupernet), settings_.budget.supernets) +
        StageLine("candidates", CountStage(trials, kCandidate), settings_.budget.candidates) +
        StageLine("final", CountStage(trials, kFinal), 1);
    for (const Trial& trial : trials) {
      if (trial.state != TrialState::kFailed) continue;
      text += trial.kind + " " + std::to_string(trial.number) +
              " failed: " + trial.error.value("code", "") + " " + trial.error.value("where", "") +
              ": " + trial.error.value("found", "") + "\n";
    }
    if (!best.is_null()) {
      text += "best        candidate " + std::to_string(best.at("number").get<int64_t>()) + ": " +
              UseText(best) + "\n";
    }
    return text;
  }

  Store* store_;
  Study study_;
  SearchSettings settings_;
};

}  // namespace

Answer RunSearch(const SearchRequest& request, const CommandLine& line) {
  const std::string url = request.store.empty() ? request.output + "/search.db" : request.store;
  const bool there = request.join || request.status;
  SearchSettings settings;
  if (!there) {
    settings = MakeSettings(request, OpenDataset(request.data).info);
    // Limits that nothing keeps are said before anything is written.
    NextTrials(settings, CandidatePrices(FindBoard(settings.target)), {});
  }
  if (!request.status) MakeDirectories(request.output);
  StoreOptions options;
  if (there)
    options.access = request.status && !request.retry ? StoreAccess::kRead : StoreAccess::kWrite;
  const std::unique_ptr<Store> store = OpenStore(url, options);
  Study study;
  if (there) {
    study = FindStudy(store.get());
    settings = ParseSettings(study.settings, store->name());
  } else {
    study = store->OpenStudy(kStudy, ToJson(settings), settings.data_fingerprint);
  }
  if (request.join) {
    const std::string found = OpenDataset(request.data).info.fingerprint;
    if (found != settings.data_fingerprint) {
      throw Error("search/other-data", request.data,
                  "the images that the search began with, " + settings.data_fingerprint, found,
                  "give the same data set");
    }
  }
  if (request.retry) store->RetryFailed(study.id);
  Search search(store.get(), study, settings);
  if (!request.status) {
    search.Work(request);
    WriteFileAtomic(request.output + "/search.json", JsonText(search.Export(), 1) + "\n");
  }
  Answer answer = search.Report();
  answer.json["provenance"] =
      ToJson(MakeProvenance(line, settings.data_fingerprint, settings.target, settings.space.name));
  return answer;
}

}  // namespace tinyformer
