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

bool Heartbeat::Holds() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  return !is_lost_;
}

void Heartbeat::Beat(int64_t lease_ms, int64_t interval_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!woken_.wait_for(lock, std::chrono::milliseconds(interval_ms), [&] { return is_over_; })) {
    lock.unlock();
    bool is_held = false;
    std::exception_ptr error;
    try {
      is_held = store_.Renew(lease_, lease_ms);
    } catch (...) {
      error = std::current_exception();  // Holds tells it to the worker
    }
    lock.lock();
    error_ = error;
    is_lost_ = !error && !is_held;
    if (is_lost_ || InterruptRequested()) return;
  }
}

}  // namespace tinyformer
