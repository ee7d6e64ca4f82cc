// Keeps a worker's lease alive while its trial runs.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "search/store/store.h"

namespace tinyformer {

/// Renews the lease in a thread of its own from construction to destruction, which leaves the
/// lease as it is; no longer once another worker has taken it over. The store outlives it. What a
/// renewal meets (Store's errors; a full disk, for one, may have room at the next) is not told:
/// the worker meets it at the trial's end, or has lost the lease by then.
class Heartbeat {
 public:
  /// Every interval_ms (0: a third of lease_ms) the lease is made to last lease_ms from then.
  Heartbeat(Store& store, const Lease& lease, int64_t lease_ms, int64_t interval_ms = 0);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void Beat(int64_t lease_ms, int64_t interval_ms);

  Store& store_;
  const Lease lease_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace tinyformer
