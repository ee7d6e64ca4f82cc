// How well one order of things agrees with another: Kendall's tau and Spearman's rho, ties handled.
#pragma once

#include <vector>

namespace tinyformer {

/// Kendall's tau-b of two lists of equal length (TF_CHECK) of finite values: pairs in the same
/// order less pairs in opposite order, in [-1, 1], pairs that are tied in a list counted out; 0
/// when either list has no two different values.
///
/// Source  Kendall, "The treatment of ties in ranking problems", 1945
double KendallTau(const std::vector<double>& a, const std::vector<double>& b);

/// Spearman's rho of two lists of equal length (TF_CHECK) of finite values: Pearson's correlation
/// of their ranks, in [-1, 1], where equal values share the mean of their ranks; 0 when either list
/// has no two different values.
///
/// Source  Spearman, "The proof and measurement of association between two things", 1904; Kendall,
///         "Rank Correlation Methods", chapter 3 (ties)
double SpearmanRho(const std::vector<double>& a, const std::vector<double>& b);

/// Ranks from 1 on, the smallest value first; equal values share the mean of their ranks.
std::vector<double> MeanRanks(const std::vector<double>& values);

}  // namespace tinyformer
