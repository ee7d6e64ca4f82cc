#include "cli/trial_record.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace tinyformer {
namespace {

namespace fs = std::filesystem;

// A supernet's is three times its weights, and serves only the machine that trains it.
constexpr const char* kCheckpoint = "run/checkpoint.safetensors";

// What other trials and `report` read.
constexpr std::array kFiles = {"genome.json",
                               "choices.json",
                               "paths.json",
                               "run/supernet.json",
                               "run/supernet.safetensors",
                               "run/scores.json",
                               "run/genome.json",
                               "run/config.json",
                               "run/metrics.jsonl",
                               kCheckpoint,
                               "run/model.safetensors",
                               "run/compressed/genome.json",
                               "run/compressed/config.json",
                               "run/compressed/metrics.jsonl",
                               "run/compressed/model.safetensors",
                               "run/compressed/checkpoint.safetensors",
                               "model.onnx",
                               "compile.json",
                               "firmware/plan.json",
                               "firmware/build/emulator/firmware.elf",
                               "profile.json",
                               "run-emulator.json"};

std::vector<Metric> MetricsOfLine(const Json& line, const std::string& name,
                                  const std::string& prefix) {
  const auto epoch = RequireKey<int64_t>(line, "epoch", name, "a whole number");
  std::vector<Metric> metrics;
  for (const auto& [key, value] : line.items()) {
    if (key == "epoch" || key == "step" || !(value.is_number() || value.is_null())) continue;
    metrics.push_back(
        {prefix + key, epoch,
         value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>()});
  }
  return metrics;
}

}  // namespace

TrialRecord::TrialRecord(Store* store, const Lease& lease, TrialFiles files, int64_t interval_ms)
    : store_(store), lease_(lease), files_(std::move(files)) {
  thread_ = std::thread([this, interval_ms] {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto over = [&] { return is_over_; };
    while (!woken_.wait_for(lock, std::chrono::milliseconds(interval_ms), over)) {
      lock.unlock();
      try {
        Look();
      } catch (...) {
        // A store may be back at the next look. What stays wrong, Finish meets as well.
      }
      lock.lock();
    }
  });
}

TrialRecord::~TrialRecord() { Stop(); }

void TrialRecord::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_over_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void TrialRecord::Finish() {
  Stop();
  Look();
}

void TrialRecord::Look() {
  AddCurve("run", "");
  AddCurve("run/compressed", "compressed/");
}

void TrialRecord::AddCurve(const std::string& run, const std::string& prefix) {
  const std::string name = files_.folder + "/" + files_.place + "/" + run + "/metrics.jsonl";
  if (!fs::exists(name)) return;
  const std::string text = ReadFile(name);
  std::vector<Metric> metrics;
  size_t line = 0;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    if (line++ < seen_[run]) continue;
    for (Metric& metric :
         MetricsOfLine(ParseJson(text.substr(begin, end - begin), name), name, prefix)) {
      metrics.push_back(std::move(metric));
    }
  }
  // Of a lost lease another worker makes the trial, and tells the same.
  if (!metrics.empty()) store_->AddMetrics(lease_, metrics);
  seen_[run] = line;  // if the store failed, the next look tells them again
}

void TrialRecord::AddFiles() {
  const std::string place = files_.folder + "/" + files_.place + "/";
  for (const std::string name : kFiles) {
    const std::string whole = place + name;
    if (!fs::exists(whole)) continue;
    if (name == kCheckpoint && !fs::exists(place + "run/model.safetensors")) continue;
    const bool is_small = fs::file_size(whole) <= kMostArtifactBytes;
    if (files_.keep_bytes && is_small) {
      store_->PutArtifact(lease_, name, ReadFile(whole));
    } else {
      store_->PutArtifactFile(lease_, name, files_.folder, files_.place + "/" + name);
    }
  }
}

void FetchTrialFiles(Store* store, const Trial& trial, const TrialFiles& files,
                     const std::string& needed) {
  const std::string place = files.place + "/";
  if (fs::exists(files.folder + "/" + place + needed)) return;
  bool has_needed = false;
  std::string size;
  const auto fetch = [&](const std::string& name) {
    WriteFileAtomic(files.folder + "/" + place + name,
                    store->ReadArtifact(trial.id, name, files.folder));
  };
  for (const Artifact& artifact : store->Artifacts(trial.id)) {
    const bool is_held = artifact.path.empty();
    if (artifact.name == needed) {
      has_needed = is_held;
      size = ", " + std::to_string(artifact.size_bytes) + " bytes";
    } else if (is_held) {
      fetch(artifact.name);
    }
  }
  if (!has_needed) {
    throw Error("search/files-elsewhere", place + needed,
                "this file in the folder " + files.folder + ", or in the store " + store->name(),
                "neither" + size + "; worker " + trial.worker + " made it in another folder",
                "give all workers one shared folder with -o; files of up to " +
                    std::to_string(kMostArtifactBytes >> 20) +
                    " MiB travel through a PostgreSQL store as well");
  }
  fetch(needed);  // last: when it is there, all are
}

}  // namespace tinyformer
