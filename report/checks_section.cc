#include <algorithm>
#include <cmath>

#include "base/median.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/search_sections.h"

namespace tinyformer {
namespace {

// "12 paths", "1 path"
std::string Count(size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Ranks(const ReportedChecks& checks) {
  const size_t count = checks.ranks.size();
  if (count == 0) return "";
  ScatterChart chart;
  chart.title = "supernet's score against accuracy trained alone";
  chart.x_label = "accuracy of the path in the supernet (float, pruned in one shot)";
  chart.percent_x = true;
  for (const ReportedRank& rank : checks.ranks) {
    chart.points.push_back({rank.score, rank.accuracy, "dot2",
                            rank.name + ": " + FormatPercent(rank.score, 2) + " in the supernet, " +
                                FormatPercent(rank.accuracy, 2) + " alone",
                            4.5, ""});
  }
  ScatterChart narrow = chart;
  narrow.x_label = "accuracy of the path in the supernet";
  std::string html = "<div><h3>Does the supernet rank its paths rightly?</h3>\n";
  if (count > 1) {
    html += "<p>Kendall&#39;s τ<sub>b</sub> <b>" + FormatFixed(checks.kendall_tau, 2) +
            "</b>, Spearman&#39;s ρ <b>" + FormatFixed(checks.spearman_rho, 2) + "</b> over " +
            Count(count, "path") + ".</p>\n";
  }
  html +=
      "<p class=\"soft\">Across: a sparse path of the best supernet, with its weights. Up: the "
      "same network trained alone. Both orders equal is 1, unrelated is 0, opposite is "
      "−1.";
  if (count < 10) html += count < 5 ? " So few paths say nothing." : " So few paths say little.";
  return html + "</p>\n" + Responsive(DrawScatter(chart, 540, 320), DrawScatter(narrow, 356, 300)) +
         "</div>\n";
}

std::string WinnerSentence(const ReportedChecks& checks) {
  if (checks.random.empty() || !checks.winner) return "";
  const double median = Median(checks.random), points = (*checks.winner - median) * 100;
  const auto beaten = std::count_if(checks.random.begin(), checks.random.end(),
                                    [&](double value) { return *checks.winner > value; });
  return "<p>The winner has <b>" + FormatPercent(*checks.winner, 2) + "</b>, the median of " +
         Count(checks.random.size(), "random network") + " <b>" + FormatPercent(median, 2) +
         "</b>: " + FormatFixed(std::abs(points), 2) + " points " + (points < 0 ? "less" : "more") +
         ". It beats " + std::to_string(beaten) + " of " + std::to_string(checks.random.size()) +
         ".</p>\n";
}

std::string Strips(const ReportedChecks& checks) {
  if (checks.random.empty() && !checks.winner) return "";
  std::vector<StripRow> rows;
  if (!checks.random.empty()) {
    StripRow row{"random networks that fit; the line is their median", "dot5 see-through", {}, {}};
    for (double value : checks.random) {
      row.values.push_back(value);
      row.tooltips.push_back("random network: " + FormatPercent(value, 2));
    }
    rows.push_back(std::move(row));
  }
  if (checks.winner) {
    rows.push_back({"the winner's network",
                    "winner",
                    {*checks.winner},
                    {"the winner's network: " + FormatPercent(*checks.winner, 2)}});
  }
  return "<div><h3>Is the winner better than chance?</h3>\n" + WinnerSentence(checks) +
         "<p class=\"soft\">Each network is trained alone, from random weights, for as long as a "
         "candidate, then pruned and quantised alike.</p>\n" +
         Responsive(DrawStrips(rows, 540), DrawStrips(rows, 356)) + "</div>\n";
}

}  // namespace

std::string ChecksSection(const ReportedSearch& search) {
  const bool is_asked = std::any_of(
      search.stages.begin(), search.stages.end(),
      [](const ReportedStage& stage) { return stage.kind == "alone" && stage.planned > 0; });
  const std::string parts = Ranks(search.checks) + Strips(search.checks);
  if (!parts.empty()) return "<div class=\"pair\">\n" + parts + "</div>\n";
  if (!is_asked && TrialsOf(search, "alone").empty()) return "";
  return "<div class=\"missing\">No network has been trained alone yet; the search does that "
         "last.</div>\n";
}

}  // namespace tinyformer
