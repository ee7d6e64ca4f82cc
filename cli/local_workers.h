// Several workers of a search on this machine, each a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tinyformer {

/// arguments  of `tinyformer search --worker --json`, without the program's name
/// logs       folder for what the workers write on standard error: 1.log, 2.log, ...
struct LocalWorkers {
  int count = 1;
  std::vector<std::string> arguments;
  std::string logs;
};

/// The threads of each of `count` workers that share this machine's cores; at least 1.
int ThreadsOfEach(int count);

/// Starts them and waits until all have ended; `ended_trials` tells how many trials have, and is
/// asked every second. A worker that dies is started anew. Interrupted, or after a worker's error,
/// it interrupts the others; should it be killed, the kernel does.
///
/// Errors  search/workers-die (again and again, and no trial ends in between), that of a worker
///         which ended with one, those of ended_trials; Interrupted
void RunLocalWorkers(const LocalWorkers& workers, const std::function<int64_t()>& ended_trials);

}  // namespace tinyformer
