// Comparing trials by several objectives: dominance, ranks, crowding.
#pragma once

#include <cstddef>
#include <vector>

namespace tinyformer {

/// One value an objective, larger is better (costs are negated). Every value is finite.
using Objectives = std::vector<double>;

/// True when a is at least as good as b in every objective and better in one.
bool Dominates(const Objectives& a, const Objectives& b);

/// Rank of every trial: 0 for those that none dominates, 1 for those that only rank 0 dominates,
/// and so on.
/// Source  NSGA-II (Deb et al. 2002), fast non-dominated sorting
std::vector<int> ParetoRanks(const std::vector<Objectives>& trials);

/// How far the neighbours of every trial lie within its rank, summed over the objectives, each
/// scaled to the rank's range; infinite for the ends of a range that is not empty. Of equal values
/// the first in order counts as the lower.
/// Source  NSGA-II, crowding distance
std::vector<double> CrowdingDistances(const std::vector<Objectives>& trials,
                                      const std::vector<int>& ranks);

/// Indices of all trials, best first: by rank, then by falling crowding distance, then by index.
/// With one objective: by falling value, then by index.
std::vector<size_t> BestFirst(const std::vector<Objectives>& trials);

}  // namespace tinyformer
