#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {

void ParallelFor(int64_t count, int threads, const std::function<void(int64_t)>& work,
                 Progress* progress) {
  std::atomic<int64_t> next = 0, done = 0;
  std::atomic<bool> stopped = false;  // by an interrupt, which may be held by now
  std::mutex mutex;
  std::exception_ptr failure;
  int64_t failed = count;
  const auto run = [&](Progress* shown) {
    for (int64_t i = next++; i < count; i = next++) {
      if (InterruptRequested()) {
        stopped = true;
        return;
      }
      try {
        work(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (i < failed) {
          failed = i;
          failure = std::current_exception();
        }
        next = count;  // every smaller i is already somebody's
        return;
      }
      ++done;
      if (shown != nullptr) shown->Update(done);
    }
  };
  const auto wanted = static_cast<int64_t>(threads > 0 ? static_cast<unsigned>(threads)
                                                       : std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> others;
    for (int64_t t = 1; t < std::min(wanted, count); ++t) others.emplace_back(run, nullptr);
    run(progress);
  }
  if (stopped) throw Interrupted();
  ThrowIfInterrupted();
  if (failure) std::rethrow_exception(failure);
  if (progress != nullptr) progress->Update(count);
}

}  // namespace tinyformer
