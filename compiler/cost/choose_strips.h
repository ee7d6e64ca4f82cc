// Which chains of layers are computed by strips of rows: those that keep the arena too large.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace tinyformer {

/// Schedules for a graph with these kernels, none when its plan needs at most arena_limit_bytes.
///
/// As long as the arena is too large, a chain of the peak layer is taken, in strips of one row; it
/// ends when none helps any more, so that a limit of 0 asks for the smallest arena. Strips cost
/// cycles (rows at their borders are read again, weights once a strip), so then chains are given up
/// and strips made higher as far as the arena stays as it is, or within the limit.
std::vector<StripSchedule> ChooseStrips(const Graph& graph, const std::vector<Kernel>& kernels,
                                        int64_t arena_limit_bytes);

/// The plan with the smallest arena that strips give.
Plan SmallestPlan(const Graph& graph, const std::vector<Kernel>& kernels);

/// Lines for a terminal, one a chain; empty when there is none.
std::string StripTable(const Graph& graph, const Plan& plan);

}  // namespace tinyformer
