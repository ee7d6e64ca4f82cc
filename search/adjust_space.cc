#include "search/adjust_space.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace tinyformer {
namespace {

constexpr int kMultiple = 4;  // blocks of pruning
constexpr double kSpreads[] = {1, 0.75, 0.5, 0.25, 0};
constexpr double kDoublings = 4, kFinest = 1.0 / 32;  // of a factor, as powers of two
constexpr int kLeastDim = 4, kMostDim = 1024, kLeastLast = 4, kMostLast = 4096;

double Mean(const std::vector<int>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Every list of dims, changed by adjust(value, list), aligned, in range, without doubles.
template <typename Adjust>
SearchSpace WithDims(const SearchSpace& space, Adjust&& adjust) {
  SearchSpace changed = space;
  const auto change = [&](std::vector<int>& list, int unit, int low, int high) {
    const std::vector<int> before = list;
    for (int& value : list) {
      const double wanted = std::clamp<double>(adjust(value, before), low, high);
      value = unit * static_cast<int>(std::lround(wanted / unit));
      value = std::clamp(value, (low + unit - 1) / unit * unit, high / unit * unit);
    }
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  for (DotSpace& dot : changed.dots) {
    int unit = kMultiple;
    for (int heads : dot.heads) unit = std::lcm(unit, heads);
    // Of heads whose multiples are all beyond the range no dim is left but those there are.
    if (unit <= kMostDim) change(dot.dims, unit, kLeastDim, kMostDim);
  }
  change(changed.last_linear, kMultiple, kLeastLast, kMostLast);
  return changed;
}

SearchSpace Scaled(const SearchSpace& space, double spread, double factor) {
  return WithDims(space, [&](int value, const std::vector<int>& list) {
    const double mean = Mean(list);
    return factor * (mean + spread * (value - mean));
  });
}

std::string Listed(const std::vector<int>& values) {
  std::string text;
  for (int value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return text;
}

std::string Change(const std::string& what, const std::vector<int>& before,
                   const std::vector<int>& after) {
  return before == after ? "" : what + ": " + Listed(before) + " -> " + Listed(after) + "\n";
}

}  // namespace

SearchSpace AdjustByPaper(const SearchSpace& space, const SpaceAnalysis& analysis) {
  if (analysis.fitting == 0) return space;
  const double k = analysis.Acceptance() + 0.1;
  const auto least = static_cast<double>(analysis.least_fitting_parameters);
  const auto most = static_cast<double>(analysis.most_fitting_parameters);
  const double place =
      most > least ? (analysis.mean_fitting_parameters - least) / (most - least) : 0.5;
  return WithDims(space, [&](int x, const std::vector<int>& list) {
    const auto [low, high] = std::minmax_element(list.begin(), list.end());
    const double b = *low + place * (*high - *low);
    return std::round(k * (x - Mean(list)) + b);
  });
}

AnalysedSpace AdjustByBisection(const SearchSpace& space,
                                const std::function<SpaceAnalysis(const SearchSpace&)>& analyse) {
  AnalysedSpace best{space, analyse(space)};
  if (best.analysis.Accepted()) return best;
  double low = -kDoublings, high = kDoublings;
  int calls = 1;
  for (double spread : kSpreads) {
    AnalysedSpace last = {};
    while (high - low > kFinest) {
      const double middle = (low + high) / 2;
      SearchSpace scaled = Scaled(space, spread, std::exp2(middle));
      if (scaled != last.space) {
        TF_CHECK(++calls <= kMostAnalyses, calls);
        last.analysis = analyse(scaled);
        last.space = std::move(scaled);
      }
      const SpaceAnalysis& found = last.analysis;
      if (found.Score() > best.analysis.Score()) best = last;
      if (best.analysis.Accepted()) return best;
      // Where nothing fits and the band is kept, RAM or latency refuses: smaller, too.
      const bool too_small = found.below_band > found.above_band && found.fitting > 0;
      (too_small ? low : high) = middle;
    }
    const double found = (low + high) / 2;  // nearly the same for dims that are drawn together
    low = found - 0.5;
    high = found + 0.5;
  }
  return best;
}

std::string DescribeChanges(const SearchSpace& before, const SearchSpace& after) {
  std::string text;
  for (size_t d = 0; d < before.dots.size(); ++d)
    text += Change("dims of DoT " + std::to_string(d + 1), before.dots[d].dims, after.dots[d].dims);
  return text + Change("last_linear", before.last_linear, after.last_linear);
}

}  // namespace tinyformer
