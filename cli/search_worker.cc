#include "cli/search_worker.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/candidate_prices.h"
#include "cli/train_program.h"
#include "cli/trial_maker.h"
#include "cli/trial_record.h"
#include "search/worker.h"
#include "sim/board.h"
#include "version.h"

namespace tinyformer {
namespace {

std::string WorkerName() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(::getpid());
}

// Another machine may well make a trial that ended like this here.
bool IsOfMachine(const Error& error) {
  constexpr std::array kCodes = {
      "cli/train-missing",      "file/write-failed",     "file/unreadable",
      "search/files-elsewhere", "sim/toolchain-missing", "sim/emulator-missing",
      "sim/plugin-missing",     "train/device",          "train/resume-changed"};
  return std::count(kCodes.begin(), kCodes.end(), error.code()) != 0;
}

class SearchWorker {
 public:
  SearchWorker(Store* store, const Study& study, const SearchSettings& settings,
               const PriceFunction& price, const SearchWork& work)
      : store_(store),
        study_(study),
        work_(work),
        maker_(settings, price, {work.folder, work.data, work.threads}) {}

  Json Make(const Trial& trial, const Lease& lease) const {
    PrintAboveProgress(trial.kind + " " + std::to_string(trial.number) + "\n");
    if (trial.kind == kAnalysis) return maker_.Make(trial);  // leaves no files
    try {
      FetchSources(trial);
      TrialRecord record(store_, lease, FilesOf(trial.kind, trial.number));
      const Json result = Watched(trial, &record);
      record.AddFiles();
      return result;
    } catch (const Error& error) {
      if (IsOfMachine(error)) throw WorkerFault(error);
      throw;
    } catch (const std::filesystem::filesystem_error& error) {
      throw WorkerFault(PathError(error));
    }
  }

 private:
  Json Watched(const Trial& trial, TrialRecord* record) const {
    Json result;
    try {
      result = maker_.Make(trial);
    } catch (const Error&) {
      try {
        record->Finish();  // the curve of a loss that went astray
      } catch (const Error&) {
        // Why the trial ended says more.
      }
      throw;
    }
    record->Finish();
    return result;
  }

  TrialFiles FilesOf(const std::string& kind, int64_t number) const {
    return {work_.folder, TrialMaker::Place(kind, number), work_.keep_bytes};
  }

  // The files of other trials that this one begins with.
  void FetchSources(const Trial& trial) const {
    if (trial.payload.contains("supernet")) {
      Fetch(kSupernet, trial.payload.at("supernet").get<int64_t>(), "run/supernet.safetensors");
    }
    if (trial.kind == kCandidate) Fetch(kScreening, trial.number, "run/model.safetensors");
    if (trial.kind == kFinal) {
      Fetch(kCandidate, trial.payload.at("candidate").get<int64_t>(), "run/model.safetensors");
    }
  }

  void Fetch(const std::string& kind, int64_t number, const std::string& needed) const {
    for (const Trial& source :
         store_->Trials(study_.id, {.kinds = {kind}, .first = number, .end = number + 1})) {
      FetchTrialFiles(store_, source, FilesOf(kind, number), needed);
    }
  }

  Store* store_;
  const Study& study_;
  const SearchWork& work_;
  const TrialMaker maker_;
};

std::string BuildName(const Json& joined) {
  return joined.value("version", "?") + " (" + joined.value("commit", "?") + ")";
}

}  // namespace

std::string OtherBuildWarning(const std::vector<Event>& events, const Json& joining) {
  std::set<std::string> others;
  for (const Event& event : events) {
    if (event.kind == "joined") others.insert(BuildName(event.detail));
  }
  const std::string own = BuildName(joining);
  others.erase(own);
  if (others.empty()) return "";
  std::string text = "warning: this worker is tinyformer " + own + ", others of this search were ";
  for (const std::string& other : others) text += (other == *others.begin() ? "" : ", ") + other;
  return text + "; what they found is compared as if one had trained it all\n";
}

void WorkAtSearch(Store* store, const Study& study, const SearchSettings& settings,
                  const SearchWork& work, const std::function<void()>& changed) {
  FindTrainProgram();  // without it no trial is claimed
  const PriceFunction price = CandidatePrices(FindBoard(settings.target), settings.limits);
  const SearchWorker worker(store, study, settings, price, work);
  WorkerOptions options;
  options.name = WorkerName();
  options.lease_ms = work.lease_ms;
  options.too_late = [](const Trial& trial) {
    PrintAboveProgress(trial.kind + " " + std::to_string(trial.number) +
                       " came too late: the store had not heard of this worker for longer than its "
                       "lease, and the trial is no longer this worker's; give --lease-seconds "
                       "more\n");
  };
  const auto note = [&](const char* kind, const Json& detail) {
    store->AddEvent(study.id, options.name, kind, detail);
  };
  const Json joining = {
      {"threads", work.threads}, {"version", TINYFORMER_VERSION}, {"commit", TINYFORMER_COMMIT}};
  PrintAboveProgress(OtherBuildWarning(store->Events(study.id), joining));
  note("joined", joining);
  try {
    RunWorker(
        store, study, settings, price,
        [&](const Trial& trial, const Lease& lease) { return worker.Make(trial, lease); }, options,
        changed);
  } catch (const Interrupted&) {
    note("left", {{"why", "interrupted"}});
    throw;
  } catch (const Error& error) {
    // A store that fails has not noted it, either.
    if (error.code().rfind("store/", 0) != 0) note("left", {{"why", ToJson(error)}});
    throw;
  }
  note("left", {{"why", "done"}});
}

}  // namespace tinyformer
