#include "search/pareto.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace tinyformer {

bool Dominates(const Objectives& a, const Objectives& b) {
  TF_CHECK(a.size() == b.size(), a.size(), b.size());
  bool better = false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] < b[i]) return false;
    better = better || a[i] > b[i];
  }
  return better;
}

std::vector<int> ParetoRanks(const std::vector<Objectives>& trials) {
  std::vector<int> ranks(trials.size(), -1);
  size_t ranked = 0;
  for (int rank = 0; ranked < trials.size(); ++rank) {
    std::vector<size_t> front;
    for (size_t i = 0; i < trials.size(); ++i) {
      bool dominated = ranks[i] >= 0;
      for (size_t j = 0; j < trials.size() && !dominated; ++j) {
        dominated = ranks[j] < 0 && Dominates(trials[j], trials[i]);
      }
      if (!dominated) front.push_back(i);
    }
    for (size_t i : front) ranks[i] = rank;
    ranked += front.size();
  }
  return ranks;
}

std::vector<double> CrowdingDistances(const std::vector<Objectives>& trials,
                                      const std::vector<int>& ranks) {
  std::vector<double> distances(trials.size(), 0.0);
  const int count = ranks.empty() ? 0 : *std::max_element(ranks.begin(), ranks.end()) + 1;
  for (int rank = 0; rank < count; ++rank) {
    std::vector<size_t> front;
    for (size_t i = 0; i < trials.size(); ++i) {
      if (ranks[i] == rank) front.push_back(i);
    }
    for (size_t o = 0; o < trials[front[0]].size(); ++o) {
      std::stable_sort(front.begin(), front.end(),
                       [&](size_t a, size_t b) { return trials[a][o] < trials[b][o]; });
      const double range = trials[front.back()][o] - trials[front.front()][o];
      if (range > 0) {
        distances[front.front()] = std::numeric_limits<double>::infinity();
        distances[front.back()] = std::numeric_limits<double>::infinity();
      }
      for (size_t i = 1; i + 1 < front.size() && range > 0; ++i) {
        distances[front[i]] += (trials[front[i + 1]][o] - trials[front[i - 1]][o]) / range;
      }
      std::sort(front.begin(), front.end());
    }
  }
  return distances;
}

std::vector<size_t> BestFirst(const std::vector<Objectives>& trials) {
  const std::vector<int> ranks = ParetoRanks(trials);
  const std::vector<double> distances = CrowdingDistances(trials, ranks);
  std::vector<size_t> order(trials.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return ranks[a] != ranks[b] ? ranks[a] < ranks[b] : distances[a] > distances[b];
  });
  return order;
}

}  // namespace tinyformer
