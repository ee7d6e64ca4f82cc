// ParallelFor: independent work on all cores.
#pragma once

#include <cstdint>
#include <functional>

#include "base/progress.h"

namespace tinyformer {

/// Calls work(i) once for every i of [0, count), on the calling thread and up to threads - 1 others
/// (0: one per core). The calling thread moves `progress`, which is at count in the end.
///
/// Errors  Interrupted, when a signal came before the end; else what work threw for the smallest i:
///         the same for any number of threads. Work that had begun ends, the rest is left out.
void ParallelFor(int64_t count, int threads, const std::function<void(int64_t)>& work,
                 Progress* progress = nullptr);

}  // namespace tinyformer
