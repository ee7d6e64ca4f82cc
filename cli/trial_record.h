// What a trial's files hold goes into the store: curves while they grow, files when it is done; and
// from the store onto a machine that lacks them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "search/store/store.h"

namespace tinyformer {

/// Where a trial's files lie.
///
/// folder      of the search
/// place       of the trial, relative to it: "candidates/0003"
/// keep_bytes  the store holds the files of up to 64 MiB itself, for workers that do not share the
///             folder; otherwise it holds their names and checksums
struct TrialFiles {
  std::string folder, place;
  bool keep_bytes = false;
};

/// Looks at the trial's metrics.jsonl every few seconds, from construction to Finish or
/// destruction. Step: the epoch. Names: train_loss, validation_accuracy and so on, those of pruning
/// with "compressed/" in front.
class TrialRecord {
 public:
  TrialRecord(Store* store, const Lease& lease, TrialFiles files, int64_t interval_ms = 2000);
  ~TrialRecord();
  TrialRecord(const TrialRecord&) = delete;
  TrialRecord& operator=(const TrialRecord&) = delete;

  /// Ends the looks, with a last one, which tells what earlier ones could not.
  /// Errors  those of Store; json/* for a metrics.jsonl that training did not write
  void Finish();
  /// The files that the trial has made, by their names relative to its place.
  /// Errors  Store's
  void AddFiles();

 private:
  void Look();
  void AddCurve(const std::string& run, const std::string& prefix);
  void Stop();

  Store* store_;
  const Lease lease_;
  const TrialFiles files_;
  std::map<std::string, size_t> seen_;  // lines, by run
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_over_ = false;
  std::thread thread_;
};

/// Puts a finished trial's files below files.folder, if `needed` is not among them there.
///
/// needed  relative to the trial's place: "run/model.safetensors"
/// Errors  search/files-elsewhere (the worker that made them had another folder, and the store does
///         not hold them); those of Store and WriteFileAtomic
void FetchTrialFiles(Store* store, const Trial& trial, const TrialFiles& files,
                     const std::string& needed);

}  // namespace tinyformer
