// What the machine and libtorch offer, and what this run uses of it.
#pragma once

#include <string>

#include "base/json.h"

namespace tinyformer {

/// Threads for libtorch; 0: one per core.
void ConfigureThreads(int threads);

/// While it lives, libtorch computes on so many threads: for those who run several at once
/// themselves.
class ThreadsScope {
 public:
  explicit ThreadsScope(int threads);
  ~ThreadsScope();
  ThreadsScope(const ThreadsScope&) = delete;
  ThreadsScope& operator=(const ThreadsScope&) = delete;
  /// A thread that was started meanwhile calls it first: OpenMP keeps the number for each.
  static void Enter();

 private:
  int before_;
};

/// Freed memory stays with the process: every step frees and takes the same hundreds of megabytes,
/// and giving them back to the system each time costs one eighth of a step on one core
/// (tinyformer bench train, with and without).
void KeepFreedMemory();

/// "cpu" or "cuda" for "auto", "cpu", "cuda".
/// Errors  train/device (cuda asked for, none here)
std::string ChooseDevice(const std::string& wanted);

/// "bf16" or "off" for "auto", "bf16", "off": auto takes bfloat16 where the processor multiplies
/// it.
std::string ChooseAmp(const std::string& wanted, const std::string& device);

/// Threads, libtorch's version, BLAS and instruction set: what else than the recipe decides a run's
/// bits.
Json DescribeEnvironment();

}  // namespace tinyformer
