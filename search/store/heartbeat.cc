#include "search/store/heartbeat.h"

#include <algorithm>
#include <chrono>

#include "base/interrupt.h"

namespace tinyformer {

Heartbeat::Heartbeat(Store& store, const Lease& lease, int64_t lease_ms, int64_t interval_ms)
    : store_(store), lease_(lease) {
  if (interval_ms == 0) interval_ms = std::max<int64_t>(lease_ms / 3, 1);
  thread_ = std::thread([this, lease_ms, interval_ms] { Beat(lease_ms, interval_ms); });
}

Heartbeat::~Heartbeat() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_over_ = true;
  }
  woken_.notify_all();
  thread_.join();
}

void Heartbeat::Beat(int64_t lease_ms, int64_t interval_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!woken_.wait_for(lock, std::chrono::milliseconds(interval_ms), [&] { return is_over_; })) {
    lock.unlock();
    bool is_lost = false;
    try {
      is_lost = !store_.Renew(lease_, lease_ms);
    } catch (...) {
      // The next one may come through.
    }
    lock.lock();
    if (is_lost || InterruptRequested()) return;
  }
}

}  // namespace tinyformer
