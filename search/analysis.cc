#include "search/analysis.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace tinyformer {
namespace {

template <typename Member>
Quartiles QuartilesOf(const std::vector<PricedCandidate>& samples, Member&& member) {
  std::vector<int64_t> values;
  for (const PricedCandidate& one : samples) values.push_back(member(one));
  std::sort(values.begin(), values.end());
  Quartiles quartiles{};
  for (size_t k = 0; k < quartiles.size() && !values.empty(); ++k)
    quartiles[k] = values[(values.size() - 1) * k / 4];
  return quartiles;
}

void CountRefusals(const ResourceUse& use, SpaceAnalysis& analysis) {
  const SearchLimits& limits = analysis.limits;
  const bool flash = use.flash_bytes > limits.flash_bytes;
  const bool ram = use.sram_peak_bytes > limits.ram_bytes;
  const bool latency = limits.cycles != 0 && use.cycles > limits.cycles;
  const bool one = flash + ram + latency == 1;
  const auto count = [one](bool refused, SpaceAnalysis::Refusals& refusals) {
    refusals.all += refused;
    refusals.alone += refused && one;
  };
  count(flash, analysis.flash);
  count(ram, analysis.ram);
  count(latency, analysis.latency);
}

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json RefusalsJson(const SpaceAnalysis::Refusals& refusals) {
  return {{"all", refusals.all}, {"alone", refusals.alone}};
}

Json QuartilesJson(const Quartiles& q) {
  return {{"min", q[0]}, {"q1", q[1]}, {"median", q[2]}, {"q3", q[3]}, {"max", q[4]}};
}

// A mutated candidate: of its supernet, whose other choices and path stay where they can, or of its
// path alone.
Candidate MutateCandidate(const SearchSpace& space, const Candidate& candidate, Rng& rng) {
  constexpr double kRate = 0.05, kSupernet = 0.3;
  const std::vector<Axis> path_axes = PathAxes(space, MakeSupernet(space, candidate.supernet));
  if (!rng.Chance(kSupernet))
    return {candidate.supernet, Mutate(path_axes, candidate.path, kRate, rng)};
  Candidate changed;
  changed.supernet = Mutate(SupernetAxes(space), candidate.supernet, kRate, rng);
  const std::vector<Axis> axes = PathAxes(space, MakeSupernet(space, changed.supernet));
  changed.path = RandomPoint(axes, rng);
  for (size_t i = 0; i < axes.size(); ++i) {
    for (size_t k = 0; k < path_axes.size(); ++k)
      if (path_axes[k].name == axes[i].name) changed.path[i] = candidate.path[k];
  }
  changed.path = Canonical(axes, changed.path);
  return changed;
}

}  // namespace

PricedCandidate PriceCandidate(const SearchSpace& space, const Candidate& candidate,
                               const ImageTask& task, const PriceFunction& price) {
  const Genome genome =
      MakeGenome(space, MakeSupernet(space, candidate.supernet), candidate.path, task);
  return {candidate, ComputePaperCosts(genome).weights, price(genome)};
}

std::vector<PricedCandidate> SampleSpace(const SearchSpace& space, const ImageTask& task,
                                         const PriceFunction& price, int64_t count, uint64_t seed) {
  std::vector<PricedCandidate> samples;
  for (int64_t i = 0; i < count; ++i) {
    Rng rng(seed, "space sample", static_cast<uint64_t>(i));
    samples.push_back(PriceCandidate(space, RandomCandidate(space, rng), task, price));
  }
  return samples;
}

ParameterBand::ParameterBand(const SearchLimits& limits)
    : low(std::llround(kLowest * static_cast<double>(limits.flash_bytes))),
      high(std::llround(kHighest * static_cast<double>(limits.flash_bytes))) {}

double SpaceAnalysis::Acceptance() const { return Ratio(accepted, fitting); }

double SpaceAnalysis::BandShare() const {
  return Ratio(samples - below_band - above_band, samples);
}

double SpaceAnalysis::Score() const { return std::min(Acceptance(), BandShare()); }

SpaceAnalysis AnalyseSpace(const std::vector<PricedCandidate>& samples,
                           const SearchLimits& limits) {
  SpaceAnalysis analysis;
  analysis.limits = limits;
  analysis.band = ParameterBand(limits);
  analysis.samples = static_cast<int64_t>(samples.size());
  analysis.parameters = QuartilesOf(samples, [](const auto& s) { return s.parameters; });
  analysis.flash_bytes = QuartilesOf(samples, [](const auto& s) { return s.use.flash_bytes; });
  analysis.ram_bytes = QuartilesOf(samples, [](const auto& s) { return s.use.sram_peak_bytes; });
  analysis.cycles = QuartilesOf(samples, [](const auto& s) { return s.use.cycles; });
  analysis.bin_width = analysis.parameters.back() / SpaceAnalysis::kBins + 1;
  analysis.parameter_bins.assign(SpaceAnalysis::kBins, 0);
  analysis.fitting_parameter_bins.assign(SpaceAnalysis::kBins, 0);

  double sum = 0;
  for (const PricedCandidate& one : samples) {
    const size_t bin = static_cast<size_t>(one.parameters / analysis.bin_width);
    ++analysis.parameter_bins[bin];
    analysis.below_band += one.parameters < analysis.band.low;
    analysis.above_band += one.parameters > analysis.band.high;
    CountRefusals(one.use, analysis);
    if (!Fits(one.use, limits)) continue;
    ++analysis.fitting_parameter_bins[bin];
    analysis.accepted += analysis.band.Contains(one.parameters);
    sum += static_cast<double>(one.parameters);
    const bool first = ++analysis.fitting == 1;
    int64_t &least = analysis.least_fitting_parameters, &most = analysis.most_fitting_parameters;
    least = first ? one.parameters : std::min(least, one.parameters);
    most = first ? one.parameters : std::max(most, one.parameters);
  }
  if (analysis.fitting > 0)
    analysis.mean_fitting_parameters = sum / static_cast<double>(analysis.fitting);
  return analysis;
}

Json ToJson(const SpaceAnalysis& analysis) {
  return {{"samples", analysis.samples},
          {"limits", ToJson(analysis.limits)},
          {"parameters", QuartilesJson(analysis.parameters)},
          {"flash_bytes", QuartilesJson(analysis.flash_bytes)},
          {"ram_peak_bytes", QuartilesJson(analysis.ram_bytes)},
          {"cycles_estimate", QuartilesJson(analysis.cycles)},
          {"fitting", analysis.fitting},
          {"refused",
           {{"flash", RefusalsJson(analysis.flash)},
            {"ram", RefusalsJson(analysis.ram)},
            {"latency", RefusalsJson(analysis.latency)}}},
          {"band", {analysis.band.low, analysis.band.high}},
          {"below_band", analysis.below_band},
          {"above_band", analysis.above_band},
          {"accepted", analysis.accepted},
          {"acceptance", analysis.Acceptance()},
          {"band_share", analysis.BandShare()},
          {"space_accepted", analysis.Accepted()},
          {"histogram",
           {{"bin_parameters", analysis.bin_width},
            {"all", analysis.parameter_bins},
            {"fitting", analysis.fitting_parameter_bins}}}};
}

PricedCandidate FindNearest(const SearchSpace& space, const std::vector<PricedCandidate>& samples,
                            const SearchLimits& limits, const ImageTask& task,
                            const PriceFunction& price, int steps, uint64_t seed) {
  TF_CHECK(!samples.empty(), space.name);
  PricedCandidate nearest = *std::min_element(
      samples.begin(), samples.end(), [&](const PricedCandidate& a, const PricedCandidate& b) {
        return LargestShare(a.use, limits) < LargestShare(b.use, limits);
      });
  Rng rng(seed, "nearest candidate");
  for (int step = 0; step < steps && !Fits(nearest.use, limits); ++step) {
    PricedCandidate changed =
        PriceCandidate(space, MutateCandidate(space, nearest.candidate, rng), task, price);
    if (LargestShare(changed.use, limits) <= LargestShare(nearest.use, limits))
      nearest = std::move(changed);
  }
  return nearest;
}

}  // namespace tinyformer
