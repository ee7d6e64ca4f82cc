// Space analysis: how large the networks of a search space are, which limits refuse them, and
// whether the space suits the target.
//
// Start here:  SampleSpace prices random candidates; AnalyseSpace counts them.
#pragma once

#include <array>
#include <vector>

#include "search/limits.h"
#include "search/supernet.h"

namespace tinyformer {

struct PricedCandidate {
  Candidate candidate;
  int64_t parameters = 0;  // dense
  ResourceUse use;
};

PricedCandidate PriceCandidate(const SearchSpace& space, const Candidate& candidate,
                               const ImageTask& task, const PriceFunction& price);

/// Random candidates; the i-th is a function of the space, the seed and i.
std::vector<PricedCandidate> SampleSpace(const SearchSpace& space, const ImageTask& task,
                                         const PriceFunction& price, int64_t count, uint64_t seed);

/// Dense parameters that a network should have: from 0.8 to 2.8 times the bytes of flash that it
/// may take, so that it fits when pruned, and uses what there is.
/// Source  paper III-B2 (lambda; which writes memory limit where its figures show that it means
///         storage)
struct ParameterBand {
  static constexpr double kLowest = 0.8, kHighest = 2.8;
  int64_t low = 0, high = 0;
  explicit ParameterBand(const SearchLimits& limits);
  bool Contains(int64_t parameters) const { return low <= parameters && parameters <= high; }
};

/// Smallest value, quartiles, largest: of the sorted values those at (n - 1) k / 4, rounded down.
using Quartiles = std::array<int64_t, 5>;

/// Counts of the samples that a space gave.
/// Source  paper Alg. 1
struct SpaceAnalysis {
  static constexpr double kAcceptance = 0.9;

  SearchLimits limits;
  ParameterBand band{limits};
  int64_t samples = 0;
  int64_t fitting = 0;                     // n_eval: within all limits
  int64_t accepted = 0;                    // n_accept: those of them within the band
  int64_t below_band = 0, above_band = 0;  // of all samples
  /// Samples that exceed the limit; and those that exceed no other.
  struct Refusals {
    int64_t all = 0, alone = 0;
  };
  Refusals flash, ram, latency;
  Quartiles parameters{}, flash_bytes{}, ram_bytes{}, cycles{};
  std::vector<int64_t> parameter_bins;  // samples by parameters, kBins of equal width from 0
  std::vector<int64_t> fitting_parameter_bins;  // those of them that fit
  int64_t bin_width = 1;                        // parameters
  static constexpr int kBins = 40;

  /// Eq. 3's statistics, of the fitting ones; 0 when none fits.
  double mean_fitting_parameters = 0;
  int64_t least_fitting_parameters = 0, most_fitting_parameters = 0;

  /// n_accept / n_eval, what Alg. 1 returns; 0 when nothing fits.
  double Acceptance() const;
  /// The share of all samples within the band. Alg. 1 alone accepts a space of networks that are
  /// far too large, because it leaves out what does not fit before it counts.
  double BandShare() const;
  /// The smaller of the two, which decides.
  double Score() const;
  bool Accepted() const { return Score() >= kAcceptance; }
};

SpaceAnalysis AnalyseSpace(const std::vector<PricedCandidate>& samples, const SearchLimits& limits);

/// Keys as in docs/search_spaces.md.
Json ToJson(const SpaceAnalysis& analysis);

/// So many mutations show whether anything keeps the limits.
inline constexpr int kNearestSteps = 500;

/// The candidate that comes nearest to the limits, by LargestShare: the best sample, then changed
/// one mutation at a time, `steps` times, until it fits. A function of its arguments.
PricedCandidate FindNearest(const SearchSpace& space, const std::vector<PricedCandidate>& samples,
                            const SearchLimits& limits, const ImageTask& task,
                            const PriceFunction& price, int steps, uint64_t seed);

}  // namespace tinyformer
