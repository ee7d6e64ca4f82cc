// The search's memory: studies, trials, metrics, artifacts and events in SQLite or PostgreSQL. It,
// not a process, coordinates the workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tinyformer {

class SqlConnection;

/// One search: its settings never change once it is there.
struct Study {
  int64_t id = 0;
  std::string name;
  Json settings;
  /// Whatever else must be equal for results to be comparable: a hash of the data.
  std::string fingerprint;
  int64_t created_ms = 0;
};

/// waiting -> running -> complete, or back to waiting, or failed for good.
enum class TrialState { kWaiting, kRunning, kComplete, kFailed };
std::string_view TrialStateName(TrialState state);

/// A trial that is to be added. (kind, number) is its name within the study.
struct NewTrial {
  std::string kind;
  int64_t number = 0;
  Json payload;
};

/// A trial as it is in the store. Times are the database's, in milliseconds since 1970; 0: not yet.
struct Trial {
  int64_t id = 0;
  std::string kind;
  int64_t number = 0;
  Json payload;
  TrialState state = TrialState::kWaiting;
  /// What Complete was given; null before.
  Json result;
  /// What the last Fail was given, or why it was given up; null without either.
  Json error;
  /// Who runs it, or ran it last; empty when nobody has.
  std::string worker;
  int64_t lease_until_ms = 0;
  /// How often it was reported as failed, and how often its worker vanished.
  int64_t failures = 0;
  int64_t losses = 0;
  int64_t created_ms = 0;
  int64_t started_ms = 0;
  int64_t finished_ms = 0;
};

/// The right to run one trial until its time is over. A lease that another worker has taken over
/// is lost: from then on every operation with it changes nothing and returns false.
struct Lease {
  int64_t trial = 0;
  std::string token;
};

struct ClaimedTrial {
  Trial trial;
  Lease lease;
};

/// Which trials a worker takes, and when one is given up.
struct ClaimRequest {
  std::string worker;
  std::vector<std::string> kinds = {};
  int64_t lease_ms = 120'000;
  /// A trial that so many workers vanished with is failed: it probably ends its worker.
  int64_t most_losses = 20;
};

/// Which trials to list; an empty list means all.
struct TrialFilter {
  std::vector<std::string> kinds = {};
  std::vector<TrialState> states = {};
  /// Numbers in [first, end).
  int64_t first = 0;
  int64_t end = INT64_MAX;
};

/// One value of a curve. It may be infinite or NaN.
struct Metric {
  std::string name;
  int64_t step = 0;
  double value = 0;
};

/// More of one artifact the store does not hold itself.
inline constexpr size_t kMostArtifactBytes = size_t{64} << 20;

/// A file or some bytes that belong to a trial.
struct Artifact {
  std::string name;
  /// XXH64 of its bytes, 16 hex digits.
  std::string checksum;
  int64_t size_bytes = 0;
  /// Relative to the study's folder; empty when the store holds the bytes.
  std::string path;
};

/// Something that happened, in order.
struct Event {
  int64_t id = 0;
  int64_t at_ms = 0;
  std::string worker;
  /// 0: of no trial.
  int64_t trial = 0;
  std::string kind;
  Json detail;
};

/// kCreate makes an empty store where there is none; kWrite and kRead need one. kRead works on a
/// file that may not be written.
enum class StoreAccess { kCreate, kWrite, kRead };

struct StoreOptions {
  StoreAccess access = StoreAccess::kCreate;
  /// How long to wait for another writer, and for a server that is away.
  int64_t patience_ms = 300'000;
  /// Told, in one line, when it waits for a server that is away.
  std::function<void(const std::string&)> on_wait = nullptr;
};

/// A store. Every operation is one transaction: after a kill at any moment it has happened or it
/// has not. May be used by several threads, not across fork.
///
/// Errors  those of SqlConnection (search/store/sql.h), and store/other-settings,
///         store/other-payload, store/name, store/artifact-missing, store/artifact-checksum,
///         store/other-version, store/missing
class Store {
 public:
  Store(std::unique_ptr<SqlConnection> connection, StoreAccess access);
  ~Store();

  /// By the user's name for it: its path, or its URL without a password.
  const std::string& name() const;

  /// The study of this name, made if it is not there.
  /// Errors  store/other-settings when it is there with other settings (names the first key that
  ///         differs) or another fingerprint
  Study OpenStudy(const std::string& name, const Json& settings, const std::string& fingerprint);
  /// All studies, in the order in which they were made.
  std::vector<Study> Studies();

  /// Adds those that are not there yet, all or none, as waiting.
  /// Errors  store/other-payload when one is there with another payload: two writers disagree
  void AddTrials(int64_t study, const std::vector<NewTrial>& trials);
  /// Those that the filter names, by kind, then number.
  std::vector<Trial> Trials(int64_t study, const TrialFilter& filter = {});
  /// Failed trials of these kinds (empty: all) wait again, with clean counts. How many.
  int64_t RetryFailed(int64_t study, const std::vector<std::string>& kinds = {});

  /// The trial of the lowest number that waits or whose lease has expired, now this worker's;
  /// nullopt when there is none.
  std::optional<ClaimedTrial> Claim(int64_t study, const ClaimRequest& request);
  /// Heartbeat: the lease lasts lease_ms from now. An expired lease that nobody took is renewed.
  bool Renew(const Lease& lease, int64_t lease_ms = 120'000);
  /// Ends the trial with its result. Saying the same twice is fine.
  bool Complete(const Lease& lease, const Json& result);
  /// One more failure: the trial waits again, or is failed for good after most_failures of them.
  bool Fail(const Lease& lease, const Json& error, int64_t most_failures = 3);
  /// A clean stop: the trial waits again and nothing is counted.
  bool Release(const Lease& lease);

  /// Values that are there already are overwritten: a resumed trial repeats its last epoch.
  bool AddMetrics(const Lease& lease, const std::vector<Metric>& metrics);
  /// By name, then step.
  std::vector<Metric> Metrics(int64_t trial);

  /// Keeps the bytes (at most kMostArtifactBytes) in the store.
  bool PutArtifact(const Lease& lease, const std::string& name, std::string_view bytes);
  /// Notes the file folder/path: its checksum, size, and its path relative to the study's folder,
  /// below it.
  /// Errors  ReadFile's
  bool PutArtifactFile(const Lease& lease, const std::string& name, const std::string& folder,
                       const std::string& path);
  /// By name.
  std::vector<Artifact> Artifacts(int64_t trial);
  /// Its bytes, from the store or from folder/path.
  /// Errors  store/artifact-missing, store/artifact-checksum, ReadFile's
  std::string ReadArtifact(int64_t trial, const std::string& name, const std::string& folder);

  /// The store itself notes: added, claimed, lost, complete, failure, failed, released, retried.
  void AddEvent(int64_t study, const std::string& worker, std::string_view kind, const Json& detail,
                int64_t trial = 0);
  /// Those after the event of this id, oldest first, at most so many.
  std::vector<Event> Events(int64_t study, int64_t after = 0, int64_t most = INT64_MAX);

 private:
  template <typename Body>
  auto Read(Body&& body);
  template <typename Body>
  auto Write(Body&& body);

  std::mutex mutex_;
  std::unique_ptr<SqlConnection> connection_;
};

/// Whether it names a server, which workers of other machines reach as well, and not a file.
bool IsServerUrl(const std::string& url);

/// Opens the store that url names: a path or sqlite:PATH for a file, postgresql://... for a server.
///
/// Errors  store/url, store/missing, store/not-a-store, store/other-version, store/corrupt,
///         store/network-file-system, store/is-directory, store/cannot-open, file/write-failed (its
///         folder), and SqlConnection's
std::unique_ptr<Store> OpenStore(const std::string& url, const StoreOptions& options = {});

}  // namespace tinyformer
