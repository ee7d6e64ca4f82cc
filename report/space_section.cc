#include "report/format.h"
#include "report/search_sections.h"

namespace tinyformer {
namespace {

// In plain words, by the side of the band on which most of the networks lie.
std::string WhatRejectedMeans(const ReportedSpace& analysis) {
  if (analysis.space_accepted) return "";
  int64_t below = 0, within = 0, above = 0;
  for (size_t i = 0; i < analysis.all_bins.size(); ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * analysis.bin_parameters;
    (middle < static_cast<double>(analysis.band_low)    ? below
     : middle > static_cast<double>(analysis.band_high) ? above
                                                        : within) += analysis.all_bins[i];
  }
  const auto most_are = [&](int64_t count) { return 2 * count > below + within + above; };
  const char* meaning =
      most_are(below)
          ? "most of these networks are smaller than the flash limit could hold: part of it stays "
            "unused. Nothing is wrong with them."
      : most_are(above)
          ? "most of these networks are so large that they fit only when most of their weights "
            "are pruned, if at all. Nothing is wrong with those that fit."
      : below > above
          ? "too few networks lie in the band; most of the others are smaller, so that part of the "
            "flash limit stays unused. Nothing is wrong with them."
          : "too few networks lie in the band; most of the others are so large that they fit only "
            "when most of their weights are pruned, if at all. Nothing is wrong with those that "
            "fit.";
  return std::string("<p>Rejected means here: ") + meaning + "</p>\n";
}

}  // namespace

Histogram ParameterHistogram(const std::string& space, const ReportedSpace& analysis) {
  return {"Parameters of networks of space " + space,
          "parameters, dense",
          "networks",
          analysis.bin_parameters,
          {{"all", analysis.all_bins}, {"those that fit", analysis.fitting_bins}},
          static_cast<double>(analysis.band_low),
          static_cast<double>(analysis.band_high),
          "band"};
}

std::string SpaceSection(const ReportedSearch& search) {
  if (!search.analysis) return "";
  const ReportedSpace& analysis = *search.analysis;
  const std::string verdict = analysis.space_accepted
                                  ? "<span class=\"badge yes\">accepted</span>"
                                  : "<span class=\"badge unknown\">rejected</span>";
  std::string html = "<p>" + GroupDigits(analysis.samples) + " random networks of space " +
                     EscapeHtml(search.space) + ": " + GroupDigits(analysis.fitting) +
                     " keep the limits. Of those, " + FormatPercent(analysis.acceptance, 1) +
                     " have parameters within the band; of all, " +
                     FormatPercent(analysis.band_share, 1) + "." + verdict + "</p>\n" +
                     WhatRejectedMeans(analysis);
  html +=
      "<p class=\"soft\">Alg. 1 of the TinyFormer paper (its Fig. 9a). The band goes from 0.8 to "
      "2.8 times "
      "the bytes of the flash limit: a smaller network leaves flash unused, a larger one fits "
      "only when most of it is pruned. Both shares should be at least 90 %; a space that is "
      "rejected is searched all the same.</p>\n";
  const Histogram histogram = ParameterHistogram(search.space, analysis);
  html += Responsive(DrawHistogram(histogram, 1110, 300), DrawHistogram(histogram, 356, 280));
  return html + "<details><summary>The space as a file (TOML)</summary>\n<pre>" +
         EscapeHtml(search.space_text) + "</pre></details>\n";
}

}  // namespace tinyformer
