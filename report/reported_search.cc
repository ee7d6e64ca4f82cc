#include "report/reported_search.h"

#include <algorithm>

namespace tinyformer {
namespace {

int64_t Whole(const Json& json, const char* key, const std::string& name) {
  return RequireKey<int64_t>(json, key, name, "a whole number");
}

std::vector<int64_t> Counts(const Json& json, const char* key, const std::string& name) {
  return RequireKey<std::vector<int64_t>>(json, key, name, "a list of whole numbers");
}

[[noreturn]] void FailValue(const std::string& where, const std::string& expected,
                            const std::string& found) {
  throw Error("report/value", where, expected, found,
              "write it again with the command that made it");
}

}  // namespace

std::vector<const ReportedTrial*> TrialsOf(const ReportedSearch& search, const std::string& kind) {
  std::vector<const ReportedTrial*> trials;
  for (const ReportedTrial& trial : search.trials)
    if (trial.kind == kind) trials.push_back(&trial);
  return trials;
}

const ReportedTrial* WinnerOf(const ReportedSearch& search) {
  if (!search.winner) return nullptr;
  for (const ReportedTrial* trial : TrialsOf(search, "candidate"))
    if (trial->number == *search.winner && trial->value) return trial;
  return nullptr;
}

const ReportedTrial* CompressedOf(const ReportedSearch& search) {
  for (const ReportedTrial* trial : TrialsOf(search, "final"))
    if (trial->outcome == TrialOutcome::kComplete && trial->value && trial->fits) return trial;
  return nullptr;
}

ReportedSpace ParseReportedSpace(const Json& json, const std::string& name) {
  ReportedSpace space;
  space.samples = Whole(json, "samples", name);
  space.fitting = Whole(json, "fitting", name);
  space.accepted = Whole(json, "accepted", name);
  space.acceptance = RequireKey<double>(json, "acceptance", name, "a number");
  space.band_share = RequireKey<double>(json, "band_share", name, "a number");
  space.space_accepted = RequireKey<bool>(json, "space_accepted", name, "true or false");
  const std::vector<int64_t> band = Counts(json, "band", name);
  if (band.size() != 2 || band[0] < 0 || band[1] < band[0])
    FailValue(name + ", key 'band'", "[lowest, highest] parameters", Json(band).dump());
  space.band_low = band[0];
  space.band_high = band[1];
  const Json histogram = RequireKey<Json>(json, "histogram", name, "an object");
  const std::string where = name + ": histogram";
  space.bin_parameters = RequireKey<double>(histogram, "bin_parameters", where, "a number");
  space.all_bins = Counts(histogram, "all", where);
  space.fitting_bins = Counts(histogram, "fitting", where);
  const auto is_negative = [](int64_t count) { return count < 0; };
  if (!(space.bin_parameters > 0) ||
      std::any_of(space.all_bins.begin(), space.all_bins.end(), is_negative) ||
      std::any_of(space.fitting_bins.begin(), space.fitting_bins.end(), is_negative)) {
    FailValue(where, "counts of bins wider than 0", histogram.dump());
  }
  return space;
}

}  // namespace tinyformer
