// Keeps a worker's lease alive while its trial runs.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "search/store/store.h"

namespace tinyformer {

/// Renews the lease in a thread of its own from construction to destruction, which leaves the
/// lease as it is. The store outlives it.
class Heartbeat {
 public:
  /// Every interval_ms (0: a third of lease_ms) the lease is made to last lease_ms from then.
  Heartbeat(Store& store, const Lease& lease, int64_t lease_ms, int64_t interval_ms = 0);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// False once another worker has taken the trial over: it is to be dropped. Errors  what the last
  /// renewal met (Store's errors, Interrupted); a full disk, for one, may have room at the next
  bool Holds();

 private:
  void Beat(int64_t lease_ms, int64_t interval_ms);

  Store& store_;
  const Lease lease_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_over_ = false;
  bool is_lost_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace tinyformer
