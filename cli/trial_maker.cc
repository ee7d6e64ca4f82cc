#include "cli/trial_maker.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "cli/command.h"
#include "cli/train_program.h"
#include "search/analysis.h"
#include "search/supernet_choices.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// The object that a command printed; one that ended with an error throws it.
Json Parse(const ProgramResult& result, const std::string& command) {
  ThrowIfInterrupted();
  if (result.status == kExitInterrupted) throw Interrupted();
  const Json answer = result.output.empty() ? Json::object() : ParseJson(result.output, command);
  if (result.status == kExitOk || result.status == kExitDoesNotFit) return answer;
  if (!answer.contains("error")) {
    throw Error("search/command-failed", command, "exit status 0",
                "exit status " + std::to_string(result.status),
                "see what it wrote on standard error; a machine out of memory ends it like this");
  }
  throw PrintedError(answer, command);
}

Json Train(const Words& words) {
  return Parse(RunTrainProgram(words + Words{"--json"}), "tinyformer " + words[0]);
}

Json Own(const Words& words) {
  return Parse(RunOwnProgram(words + Words{"--json"}), "tinyformer " + words[0]);
}

// What a command must have printed: NaN comes as null.
double Number(const Json& answer, const char* key, const std::string& command) {
  return RequireKey<double>(answer, key, command, "a number");
}

void WriteJson(const std::string& path, const Json& json) {
  WriteFileAtomic(path, JsonText(json, 1) + "\n");
}

// The mean of the largest tenth, of one value at least.
double TopDecile(std::vector<double> values) {
  std::sort(values.rbegin(), values.rend());
  values.resize(std::max<size_t>(1, values.size() / 10));
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Weights are averaged over the last part of a training, however short it is.
Words Averaging(int64_t epochs) {
  constexpr int64_t kShort = 20;
  return {"--ema", epochs < kShort ? "0.99" : "0.999"};
}

// Copies a finished run's files, whole or not at all; nothing when they are there.
void CopyRun(const std::string& from, const std::string& to) {
  if (fs::exists(to)) return;
  const std::string fresh = to + ".tmp";
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.is_regular_file()) fs::copy_file(entry.path(), fresh / entry.path().filename());
  }
  fs::rename(fresh, to);
}

}  // namespace

TrialMaker::TrialMaker(SearchSettings settings, PriceFunction price, TrialPlace place)
    : settings_(std::move(settings)), price_(std::move(price)), place_(std::move(place)) {}

Json TrialMaker::Make(const Trial& trial) const {
  if (trial.kind == kAnalysis) return Analysis(trial);
  const std::string folder = Folder(trial.kind, trial.number);
  MakeDirectories(folder);
  // The worker before may still be saving its work.
  const FolderLock lock(folder + "/lock");
  if (trial.kind == kSupernet) return Supernet(trial);
  if (trial.kind == kScreening) return Screening(trial);
  if (trial.kind == kCandidate) return CandidateTrial(trial);
  return trial.kind == kAlone ? Alone(trial) : Final(trial);
}

Json TrialMaker::Analysis(const Trial& trial) const {
  return ToJson(
      AnalyseSpace(SampleSpace(settings_.space, settings_.task, price_,
                               trial.payload.at("samples").get<int64_t>(), settings_.seed),
                   settings_.limits));
}

Json TrialMaker::Supernet(const Trial& trial) const {
  const std::string folder = Folder(kSupernet, trial.number);
  const SupernetConfig supernet =
      MakeSupernet(settings_.space, trial.payload.at("point").get<Point>());
  Json paths = Json::array();
  for (const Json& path : trial.payload.at("paths")) {
    paths.push_back(
        ToJson(MakeGenome(settings_.space, supernet, path.get<Point>(), settings_.task)));
  }
  WriteJson(folder + "/choices.json",
            ToJson(MakeChoices(settings_.space, supernet, settings_.task)));
  WriteJson(folder + "/paths.json", paths);
  const Json answer =
      Train(Words{"supernet", "--choices", folder + "/choices.json", "--paths",
                  folder + "/paths.json", "-o", folder + "/run", "--score-images",
                  std::to_string(settings_.training.check_images)} +
            Training(settings_.budget.supernet_epochs, settings_.training.lr, SeedOf(trial)));
  std::vector<double> accuracies;
  for (const Json& score :
       RequireKey<std::vector<Json>>(answer, "scores", "tinyformer supernet", "a list")) {
    accuracies.push_back(
        RequireKey<double>(score, "accuracy", "scores of the supernet", "a number"));
  }
  if (accuracies.size() != paths.size()) {
    FailJsonKey("tinyformer supernet", "scores", std::to_string(paths.size()) + " scores",
                std::to_string(accuracies.size()));
  }
  const double sum = std::accumulate(accuracies.begin(), accuracies.end(), 0.0);
  return {{"score", sum / static_cast<double>(accuracies.size())},
          {"top_decile", TopDecile(accuracies)},
          {"accuracies", accuracies}};
}

Json TrialMaker::TrainGenome(const Trial& trial, const Words& words) const {
  const std::string folder = Folder(trial.kind, trial.number);
  WriteJson(folder + "/genome.json", trial.payload.at("genome"));
  const Json dense =
      Train(Words{"train", "--genome", folder + "/genome.json", "-o", folder + "/run"} + words +
            Averaging(settings_.budget.candidate_epochs) +
            Training(settings_.budget.candidate_epochs, settings_.training.lr, SeedOf(trial)));
  return {{"accuracy_dense", Number(dense, "validation_accuracy", "tinyformer train")}};
}

Json TrialMaker::Screening(const Trial& trial) const {
  const auto supernet = trial.payload.at("supernet").get<int64_t>();
  return TrainGenome(trial, {"--supernet", Folder(kSupernet, supernet) + "/run"});
}

Json TrialMaker::CandidateTrial(const Trial& trial) const {
  Json result = Screening(trial);
  result.update(
      Compress(Folder(trial.kind, trial.number), settings_.budget.prune_epochs, SeedOf(trial)));
  return result;
}

Json TrialMaker::Alone(const Trial& trial) const {
  Json result = TrainGenome(trial, {});
  result.update(
      Compress(Folder(trial.kind, trial.number), settings_.budget.prune_epochs, SeedOf(trial)));
  return result;
}

Json TrialMaker::Final(const Trial& trial) const {
  const std::string folder = Folder(kFinal, 0);
  const std::string candidate = Folder(kCandidate, trial.payload.at("candidate").get<int64_t>());
  CopyRun(candidate + "/run", folder + "/run");
  int64_t epochs = settings_.budget.final_epochs;
  uint64_t seed = SeedOf(trial);
  if (epochs == 0) {  // the candidate as it is
    Trial one = trial;
    one.kind = kCandidate;
    one.number = trial.payload.at("candidate").get<int64_t>();
    seed = SeedOf(one);
    CopyRun(candidate + "/run/compressed", folder + "/run/compressed");
    epochs = settings_.budget.prune_epochs;
  }
  Words teacher;
  if (settings_.budget.distill > 0 && settings_.budget.final_epochs > 0) {
    const double share = static_cast<double>(settings_.budget.distill) / 100;
    teacher = {"--teacher", folder + "/run", "--alpha", Json(share).dump()};
  }
  Json result = Compress(folder, epochs, seed, teacher);
  if (!result.at("fits").get<bool>()) return result;  // there may be no firmware
  WriteJson(folder + "/profile.json", Own({"profile", folder + "/firmware"}));
  WriteJson(folder + "/run-emulator.json",
            Own({"run", folder + "/firmware", "--data", place_.data, "--split", "validation",
                 "--images", "16", "--on", "emulator"}));
  return result;
}

Json TrialMaker::Compress(const std::string& folder, int64_t epochs, uint64_t seed,
                          const Words& more) const {
  Words words = Words{"compress", folder + "/run", "-o", folder + "/model.onnx"} + more;
  if (settings_.training.check_images > 0) {
    words = words + Words{"--check-images", std::to_string(settings_.training.check_images)};
  }
  const Json pruned =
      Own(words + Averaging(epochs) + Training(epochs, settings_.training.lr / 2, seed));
  const SearchLimits& limits = settings_.limits;
  const Json compiled = Own(
      {"compile", folder + "/model.onnx", "--target", settings_.target, "--limit",
       "flash=" + std::to_string(limits.flash_bytes) + ",ram=" + std::to_string(limits.ram_bytes),
       "-o", folder + "/firmware"});
  WriteJson(folder + "/compile.json", compiled);
  const std::string file = folder + "/compile.json";
  const ResourceUse use = ParseUse(compiled, file);
  const bool fits = RequireKey<bool>(compiled, "fits", file, "true or false");
  if (fits && RequireKey<std::string>(compiled, "sizes", file, "a text") != "linked") {
    throw Error("sim/toolchain-missing", "arm-none-eabi-g++",
                "the compiler on PATH: trials are compared by what their firmware takes",
                "no such program", "run tools/setup, or install the package gcc-arm-none-eabi");
  }
  const auto number = [&](const char* key) { return Number(pruned, key, "tinyformer compress"); };
  return {{"accuracy", number("validation_accuracy_int8")},
          {"accuracy_pruned", number("validation_accuracy")},
          {"sparsity", number("sparsity")},
          {"fits", fits && Fits(use, limits)},
          {"use", ToJson(use)}};
}

std::vector<std::string> TrialMaker::Training(int64_t epochs, double lr, uint64_t seed) const {
  return {"--lr",          Json(lr).dump(),
          "--data",        place_.data,
          "--epochs",      std::to_string(epochs),
          "--batch",       std::to_string(settings_.training.batch),
          "--limit-train", std::to_string(settings_.training.limit_train),
          "--threads",     std::to_string(place_.threads),
          "--amp",         settings_.training.amp,
          "--device",      settings_.training.device,
          "--seed",        std::to_string(seed)};
}

uint64_t TrialMaker::SeedOf(const Trial& trial) const {
  constexpr int kKeptBits = 31;  // what every option takes
  // A candidate goes on with the seed that it was screened with.
  const std::string kind = trial.kind == kScreening ? kCandidate : trial.kind;
  return Rng(settings_.seed, kind, static_cast<uint64_t>(trial.number)).Next() >> (64 - kKeptBits);
}

std::string TrialMaker::Folder(const std::string& kind, int64_t number) const {
  return place_.folder + "/" + Place(kind, number);
}

std::string TrialMaker::Place(const std::string& kind, int64_t number) {
  if (kind == kFinal) return "best";
  std::string digits = std::to_string(number);
  constexpr size_t kDigits = 4;
  digits.insert(0, kDigits - std::min(kDigits, digits.size()), '0');
  if (kind == kAlone) return "alone/" + digits;
  return (kind == kSupernet ? "supernets/" : "candidates/") + digits;
}

}  // namespace tinyformer
