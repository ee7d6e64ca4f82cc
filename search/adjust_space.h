// Adjusting a search space whose networks are too small or too large for the target: other dims of
// the DoTs and other widths of the last linear; all else stays.
#pragma once

#include <functional>
#include <string>

#include "search/analysis.h"

namespace tinyformer {

/// The same space with other dims. Each is the nearest multiple of 4 that every number of heads of
/// its DoT divides, and stays in the range that SearchSpace allows; equal ones become one.
///
/// Equations  y = Round(k (x - mean(x)) + b), k = n_accept / n_eval + 10 %,
///            b = x_min + (mean(N) - N_min) / (N_max - N_min) * (x_max - x_min)
///            where x are the settings of one dimension, and N the parameters of the networks that
///            fit (with one N alone the quotient counts as 1/2). Nothing fits: the space is
///            unchanged.
/// Source     paper Eq. 1-3, literally. One step; it may lead away: the larger the networks, the
///            larger b.
SearchSpace AdjustByPaper(const SearchSpace& space, const SpaceAnalysis& analysis);

/// A space and what its analysis says.
struct AnalysedSpace {
  SearchSpace space;
  SpaceAnalysis analysis;
};

inline constexpr int kMostAnalyses = 29;

/// Scales all dims by one factor, found by bisection: larger while more samples are below the band
/// than above it. If no factor gives an accepted space, the dims are first drawn together towards
/// their mean, by 3/4, 1/2, 1/4 and then wholly. The first accepted space; if there is none, the
/// one of the highest score, which may be the first.
///
/// analyse  prices samples of a space; called at most kMostAnalyses times, mostly some ten
AnalysedSpace AdjustByBisection(const SearchSpace& space,
                                const std::function<SpaceAnalysis(const SearchSpace&)>& analyse);

/// One line for each list that differs: "dims of DoT 1: 32, 44 -> 28, 36"; empty when none does.
std::string DescribeChanges(const SearchSpace& before, const SearchSpace& after);

}  // namespace tinyformer
