#include "report/build_report.h"

#include <string>
#include <utility>
#include <vector>

#include "report/format.h"
#include "report/search_sections.h"
#include "report/sections.h"
#include "report/style.h"

namespace tinyformer {
namespace {

std::string Target(const ReportInput& input) {
  if (input.compile) return input.compile->target;
  if (input.search) return input.search->target;
  return input.plan ? input.plan->target : "";
}

std::string Badge(const ReportInput& input) {
  switch (FitOf(input)) {
    case Fit::kFits:
      return "<span class=\"badge yes\">fits</span>";
    case Fit::kAboveSearchLimits:
      return "<span class=\"badge no\">above the search&#39;s limits</span>";
    case Fit::kTooLarge:
      return "<span class=\"badge no\">does not fit</span>";
    default:
      return "<span class=\"badge unknown\">fit not measured</span>";
  }
}

struct Section {
  const char* id;
  const char* link;  // in the list of sections: words of the title
  const char* title;
  std::string body;  // empty: it is left out
};

std::vector<Section> SearchSections(const ReportInput& input) {
  const ReportedSearch& search = *input.search;
  return {{"search", "Search", "The search", SearchSection(search)},
          {"pareto", "Cost", "Accuracy against cost", ParetoSection(search)},
          {"network", "Network", "The best network", ArchitectureSection(search, input)},
          {"evolution", "Over time", "The search over time", EvolutionSection(search)},
          {"choices", "Each choice", "What each choice was worth", ChoicesSection(search)},
          {"checks", "Checks", "Checks of the search", ChecksSection(search)},
          {"space", "Space", "The search space", SpaceSection(search)}};
}

std::vector<Section> NetworkSections(const ReportInput& input) {
  return {
      {"accuracy", "Accuracy", "Accuracy", AccuracySection(input)},
      {"training", "Training", "Training", TrainingSection(input)},
      {"memory", "Memory", "Memory over time", MemorySection(input)},
      {"flash", "Flash", "Flash by part", FlashSection(input)},
      {"layers", "Layers", "Layers, one by one", LayersSection(input)},
      {"provenance", "Every number", "Where every number comes from", ProvenanceSection(input)}};
}

}  // namespace

std::string BuildReport(const ReportInput& input) {
  const std::string title = EscapeHtml(input.title);
  const std::string target = EscapeHtml(Target(input));
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<title>" +
      title + (target.empty() ? "" : " on " + target) + "</title>\n<style>" + kReportStyle +
      "</style>\n</head>\n<body>\n";
  html += "<header><h1>" + title +
          (target.empty() ? "" : " <span class=\"soft\">on</span> " + target) + Badge(input) +
          "</h1></header>\n";
  std::vector<Section> sections;
  if (input.search) sections = SearchSections(input);
  if (HasNetwork(input)) {
    for (Section& section : NetworkSections(input)) sections.push_back(std::move(section));
  }
  std::erase_if(sections, [](const Section& section) { return section.body.empty(); });
  html += "<nav><div><a href=\"#summary\">Summary</a>";
  for (const Section& section : sections)
    html += std::string("<a href=\"#") + section.id + "\">" + section.link + "</a>";
  html += "</div></nav>\n<main>\n<div id=\"summary\">\n" + SummaryTiles(input) + "</div>\n";
  for (const Section& section : sections) {
    html += std::string("<section id=\"") + section.id + "\"><h2>" + section.title + "</h2>\n" +
            section.body + "</section>\n";
  }
  html +=
      "</main>\n<footer>Made by <code>tinyformer report</code>. Cycles are estimates of a model, "
      "never board measurements.</footer>\n</body>\n</html>\n";
  return html;
}

}  // namespace tinyformer
