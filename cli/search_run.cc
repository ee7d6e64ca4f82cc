#include "cli/search_run.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/writable_file.h"
#include "cli/candidate_prices.h"
#include "cli/local_workers.h"
#include "cli/search_worker.h"
#include "cli/text_table.h"
#include "cli/train_program.h"
#include "compiler/cost/layer_table.h"
#include "data/dataset.h"
#include "report/format.h"
#include "search/adjust_space.h"
#include "search/read_space.h"
#include "search/record.h"
#include "search/refusals.h"
#include "search/worker.h"
#include "sim/board.h"

namespace tinyformer {
namespace {

// Alg. 1 with its adjustment.
SearchSpace AdjustedSpace(const SearchSettings& settings, const std::string& rule) {
  const PriceFunction price = CandidatePrices(FindBoard(settings.target), settings.limits);
  const auto analyse = [&](const SearchSpace& space) {
    return AnalyseSpace(SampleSpace(space, settings.task, price, kAnalysedNetworks, settings.seed),
                        settings.limits);
  };
  const SpaceAnalysis analysis = analyse(settings.space);
  if (analysis.Accepted()) return settings.space;
  SearchSpace adjusted = rule == "paper" ? AdjustByPaper(settings.space, analysis)
                                         : AdjustByBisection(settings.space, analyse).space;
  const std::string changes = DescribeChanges(settings.space, adjusted);
  std::fprintf(stderr, "space %s is rejected; adjusted by %s:\n%s", settings.space.name.c_str(),
               rule.c_str(), changes.empty() ? "no other dims are better\n" : changes.c_str());
  if (!changes.empty()) adjusted.name = settings.space.name + ", adjusted";
  return adjusted;
}

// Trials are compared by their accuracy on validation images, a tenth of each class.
void RequireValidation(const Dataset& data, const std::string& name) {
  std::vector<int64_t> counts(data.info.class_names.size());
  for (int64_t i = 0; i < data.validation->size(); ++i) {
    ++counts[static_cast<size_t>(data.validation->label(i))];
  }
  const auto without = std::count(counts.begin(), counts.end(), 0);
  if (without == 0) return;
  const auto first = std::find(counts.begin(), counts.end(), 0) - counts.begin();
  throw Error("search/validation-images", name,
              "validation images of every class, so two images of it at least",
              "none of " + std::to_string(without) + " of " + std::to_string(counts.size()) +
                  " classes, the first is '" + data.info.class_names[static_cast<size_t>(first)] +
                  "'",
              "add images to these classes, or leave them out");
}

SearchSettings MakeSettings(const SearchRequest& request, const Dataset& data) {
  const DatasetInfo& info = data.info;
  RequireValidation(data, request.data);
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
  if (!request.adjust.empty()) settings.space = AdjustedSpace(settings, request.adjust);
  return settings;
}

bool HasSearch(const std::string& url) {
  StoreOptions options;
  options.access = StoreAccess::kRead;
  try {
    FindSearch(OpenStore(url, options).get());
    return true;
  } catch (const Error& error) {
    if (error.code() != "store/missing" && error.code() != "search/no-study") throw;
    return false;
  }
}

// Limits that no network keeps are said at once: to draw supernets for them takes long.
void RequireFitting(const SearchSettings& settings) {
  const PriceFunction price = CandidatePrices(FindBoard(settings.target), settings.limits);
  const std::vector<PricedCandidate> samples =
      SampleSpace(settings.space, settings.task, price, kAnalysedNetworks, settings.seed);
  Refusals refused;
  int64_t fitting = 0;
  for (const PricedCandidate& one : samples) fitting += refused.Admits(one.use, settings.limits);
  constexpr int64_t kFew = kAnalysedNetworks / 20;
  if (fitting == 0) {
    const PricedCandidate nearest = FindNearest(settings.space, samples, settings.limits,
                                                settings.task, price, kNearestSteps, settings.seed);
    if (!refused.Admits(nearest.use, settings.limits)) {
      throw Error("search/nothing-fits", "space '" + settings.space.name + "'",
                  "networks that keep the limits: " + LimitsText(settings.limits),
                  "none: " + refused.Text(),
                  "raise what --limit lowered, or take a smaller space or a larger target; "
                  "--explain shows what its networks cost");
    }
  }
  if (fitting < kFew) {
    std::fprintf(stderr,
                 "%lld of %lld random networks keep the limits: finding enough of them "
                 "for a supernet takes minutes\n",
                 static_cast<long long>(fitting), static_cast<long long>(kAnalysedNetworks));
  }
  const std::vector<EndedTrial> analysed = {{kAnalysis, 0, nullptr, nullptr}};
  NextTrials(settings, price, analysed);
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

std::string ChecksText(const SearchChecks& checks) {
  std::string text;
  if (!checks.paths.empty()) {
    text += "ranks       Kendall's tau " + FormatFixed(checks.kendall_tau, 2) + " of " +
            std::to_string(checks.paths.size()) + " paths, trained alone" +
            (checks.paths.size() < 5 ? " (so few say nothing)" : "") + "\n";
  }
  if (checks.winner && !checks.random.empty()) {
    text += "worth       the winner trained alone " + FormatPercent(*checks.winner, 2) +
            ", median of " + std::to_string(checks.random.size()) + " random ones that fit " +
            FormatPercent(checks.random_median, 2) + "\n";
  }
  return text;
}

std::string StatusText(const SearchRecord& record, const Json& best) {
  const SearchBudget& budget = record.settings.budget;
  std::string text =
      StageLine("supernets", CountStage(record, kSupernet), budget.supernets) +
      (budget.early_stop > 0
           ? StageLine("screened", CountStage(record, kScreening), budget.candidates)
           : "") +
      StageLine("candidates", CountStage(record, kCandidate), KeptCandidates(budget)) +
      StageLine("final", CountStage(record, kFinal), 1) +
      (CountAloneTrials(budget) > 0
           ? StageLine("checks", CountStage(record, kAlone), CountAloneTrials(budget))
           : "");
  for (const Trial& trial : record.trials) {
    if (trial.state != TrialState::kFailed) continue;
    text += trial.kind + " " + std::to_string(trial.number) +
            " failed: " + trial.error.value("code", "") + " " + trial.error.value("where", "") +
            ": " + trial.error.value("found", "") + "\n";
  }
  if (!best.is_null()) {
    const bool compressed =
        FindBestNetwork(record).compressed != nullptr && budget.final_epochs > 0;
    text += "best        candidate " + std::to_string(best.at("number").get<int64_t>()) +
            (compressed ? ", compressed: " : ": ") + UseText(best) + "\n";
  }
  return text + ChecksText(FindChecks(record));
}

// Of a worker in a process of its own, but for --threads.
std::vector<std::string> WorkerArguments(const SearchRequest& request) {
  std::vector<std::string> words = {
      "search", "--worker",     "--data",          request.data,
      "-o",     request.output, "--lease-seconds", std::to_string(request.lease_seconds)};
  if (!request.store.empty()) words.insert(words.end(), {"--store", request.store});
  return words;
}

LocalWorkers WorkersHere(const SearchRequest& request) {
  const int count = static_cast<int>(request.workers);
  const int threads =
      request.threads > 0 ? static_cast<int>(request.threads) : ThreadsOfEach(count);
  LocalWorkers workers = {count, WorkerArguments(request), request.output + "/workers"};
  workers.arguments.insert(workers.arguments.end(),
                           {"--threads", std::to_string(threads), "--json"});
  return workers;
}

Answer Launch(const SearchRequest& request, const Store& store) {
  FindTrainProgram();  // the nodes' is most likely the same
  SlurmJob job = request.slurm;
  job.workers = request.workers;
  job.threads = request.threads;
  Answer answer = LaunchOnSlurm(job, WorkerArguments(request), request.output + "/slurm");
  answer.json["store"] = store.name();
  answer.text += "how far     tinyformer search --status -o " + ShellWord(request.output) +
                 (request.store.empty() ? "" : " --store " + ShellWord(store.name())) + "\n";
  if (!IsServerUrl(store.name())) {
    answer.text +=
        "The store is a file, so all workers have to be on this machine; for several give "
        "--store postgresql://...\n";
  }
  return answer;
}

// A search in its store, as its settings and trials say.
class Search {
 public:
  Search(Store* store, Study study, SearchSettings settings)
      : store_(store), study_(std::move(study)), settings_(std::move(settings)) {}

  void Work(const SearchRequest& request) {
    const SearchWork work = {.folder = request.output,
                             .data = request.data,
                             .threads = static_cast<int>(request.threads),
                             .lease_ms = request.lease_seconds * 1000,
                             .keep_bytes = IsServerUrl(store_->name())};
    Progress progress("search", AllEpochs(settings_.budget), "epochs");
    progress.StartAt(Look().epochs);
    if (request.workers > 1) {
      PrintAboveProgress(std::to_string(request.workers) +
                         " workers; what they say: " + request.output + "/workers/*.log\n");
      RunLocalWorkers(WorkersHere(request), [&] { return Show(progress); });
      Show(progress);  // what ended after the last look
      return;
    }
    WorkAtSearch(store_, study_, settings_, work, [&] {
      Show(progress);
      SayWhoIsWaitedFor();
    });
  }

 private:
  // How far the search is.
  struct State {
    int64_t trials = 0, epochs = 0;  // that have ended
    std::string note;
  };

  // Returns how many trials have ended.
  int64_t Show(Progress& progress) const {
    const State state = Look();
    progress.Update(state.epochs, state.note);
    return state.trials;
  }

  State Look() const {
    const std::vector<EndedTrial> ended = EndedTrials(store_->Trials(study_.id));
    State state;
    state.trials = static_cast<int64_t>(ended.size());
    for (const EndedTrial& trial : ended) state.epochs += EpochsOf(trial.kind, settings_.budget);
    state.note = std::to_string(state.trials) + " of " +
                 std::to_string(AllTrials(settings_.budget)) + " trials";
    const auto best = [&](const char* kind, const char* name) {
      const EndedTrial* trial = BestTrial(ended, kind);
      if (trial == nullptr) return false;
      state.note += std::string(", ") + name + " " +
                    FormatPercent(trial->result.at("accuracy").get<double>(), 2);
      return true;
    };
    // Supernets' scores are not shown: those of barely trained paths look like a failure.
    best(kFinal, "compressed") || best(kCandidate, "best candidate");
    return state;
  }

  // Once: after a kill a search seems to stand still until the lease has ended.
  void SayWhoIsWaitedFor() {
    if (std::exchange(said_, true)) return;
    const std::vector<Trial> trials = store_->Trials(study_.id);
    const auto in = [&](TrialState state) {
      return std::find_if(trials.begin(), trials.end(),
                          [&](const Trial& trial) { return trial.state == state; });
    };
    const auto running = in(TrialState::kRunning);
    said_ = running != trials.end() && in(TrialState::kWaiting) == trials.end();
    if (!said_) return;
    PrintAboveProgress("nothing to do until " + running->worker + " has made " + running->kind +
                       " " + std::to_string(running->number) +
                       "; should it be gone, another takes that when its lease is over "
                       "(--lease-seconds)\n");
  }

  Store* store_;
  Study study_;
  SearchSettings settings_;
  bool said_ = false;
};

}  // namespace

std::string StoreOf(const SearchRequest& request) {
  return request.store.empty() ? request.output + "/search.db" : request.store;
}

Answer RunSearch(const SearchRequest& request, const CommandLine& line) {
  const bool there = request.join || request.status;
  SearchSettings settings;
  if (!there) {
    settings = MakeSettings(request, OpenDataset(request.data));
    if (!HasSearch(StoreOf(request))) RequireFitting(settings);  // before anything is written
  }
  if (!request.status) {
    MakeDirectories(request.output);
    RequireWritableFile(request.output + "/search.json");
  }
  StoreOptions options;
  if (there)
    options.access = request.status && !request.retry ? StoreAccess::kRead : StoreAccess::kWrite;
  const std::unique_ptr<Store> store = OpenStore(StoreOf(request), options);
  Study study;
  if (there) {
    study = FindSearch(store.get());
    settings = ParseSettings(study.settings, store->name());
  } else {
    // One that another version began is refused as such, whatever else differs.
    for (const Study& one : store->Studies()) {
      if (one.name == kSearchStudy) ParseSettings(one.settings, store->name());
    }
    study = store->OpenStudy(kSearchStudy, ToJson(settings), settings.data_fingerprint);
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
  if (!request.launch.empty()) return Launch(request, *store);
  Search search(store.get(), study, settings);
  if (!request.status) search.Work(request);
  const SearchRecord record = ReadSearchRecord(store.get());
  if (!request.status)
    WriteFileAtomic(request.output + "/search.json", JsonText(ToJson(record), 1) + "\n");
  Answer answer;
  answer.json = SummaryJson(record);
  answer.text = StatusText(record, answer.json.at("best"));
  answer.json["provenance"] =
      ToJson(MakeProvenance(line, settings.data_fingerprint, settings.target, settings.space.name));
  return answer;
}

}  // namespace tinyformer
