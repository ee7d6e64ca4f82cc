#include "search/rank_correlation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace tinyformer {

double KendallTau(const std::vector<double>& a, const std::vector<double>& b) {
  TF_CHECK(a.size() == b.size(), a.size(), b.size());
  double agree = 0, pairs_a = 0, pairs_b = 0;
  const auto sign = [](double x) { return static_cast<double>((x > 0) - (x < 0)); };
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const double in_a = sign(a[i] - a[j]), in_b = sign(b[i] - b[j]);
      agree += in_a * in_b;
      pairs_a += std::abs(in_a);
      pairs_b += std::abs(in_b);
    }
  }
  return pairs_a > 0 && pairs_b > 0 ? agree / std::sqrt(pairs_a * pairs_b) : 0;
}

double SpearmanRho(const std::vector<double>& a, const std::vector<double>& b) {
  TF_CHECK(a.size() == b.size(), a.size(), b.size());
  const std::vector<double> ranks_a = MeanRanks(a), ranks_b = MeanRanks(b);
  const double mean = (static_cast<double>(a.size()) + 1) / 2;
  double product = 0, square_a = 0, square_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double in_a = ranks_a[i] - mean, in_b = ranks_b[i] - mean;
    product += in_a * in_b;
    square_a += in_a * in_a;
    square_b += in_b * in_b;
  }
  return square_a > 0 && square_b > 0 ? product / std::sqrt(square_a * square_b) : 0;
}

std::vector<double> MeanRanks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return values[i] < values[j]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    // Ranks begin + 1 to end.
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + 1 + end) / 2;
  }
  return ranks;
}

}  // namespace tinyformer
