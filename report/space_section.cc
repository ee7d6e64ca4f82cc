#include "report/format.h"
#include "report/search_sections.h"

namespace tinyformer {

Histogram ParameterHistogram(const std::string& space, const ReportedSpace& analysis) {
  return {"Parameters of networks of space " + space,
          "parameters, dense",
          analysis.bin_parameters,
          {{"all", analysis.all_bins}, {"those that fit", analysis.fitting_bins}},
          static_cast<double>(analysis.band_low),
          static_cast<double>(analysis.band_high),
          "accepted"};
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
                     FormatPercent(analysis.band_share, 1) + "." + verdict + "</p>\n";
  html +=
      "<p class=\"soft\">Alg. 1 of the paper (its Fig. 9a). The band goes from 0.8 to 2.8 times "
      "the bytes of the flash limit: a smaller network leaves flash unused, a larger one fits "
      "only when most of it is pruned. Both shares should be at least 90 %; a space that is "
      "rejected is searched all the same.</p>\n";
  const Histogram histogram = ParameterHistogram(search.space, analysis);
  html += Responsive(DrawHistogram(histogram, 1110, 300), DrawHistogram(histogram, 356, 280));
  return html + "<details><summary>The space as a file (TOML)</summary>\n<pre>" +
         EscapeHtml(search.space_text) + "</pre></details>\n";
}

}  // namespace tinyformer
