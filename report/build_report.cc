#include "report/build_report.h"

#include "report/format.h"
#include "report/sections.h"
#include "report/style.h"

namespace tinyformer {
namespace {

std::string Target(const ReportInput& input) {
  if (input.compile) return input.compile->target;
  return input.plan ? input.plan->target : "";
}

std::string Badge(const ReportInput& input) {
  if (!input.compile) return "<span class=\"badge unknown\">fit not measured</span>";
  return input.compile->fits ? "<span class=\"badge yes\">fits</span>"
                             : "<span class=\"badge no\">does not fit</span>";
}

std::string Section(const char* id, const char* title, const std::string& body) {
  return std::string("<section id=\"") + id + "\"><h2>" + title + "</h2>\n" + body + "</section>\n";
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
  html +=
      "<nav><div><a href=\"#summary\">Summary</a><a href=\"#accuracy\">Accuracy</a>"
      "<a href=\"#training\">Training</a><a href=\"#memory\">Memory</a><a href=\"#flash\">Flash</a>"
      "<a href=\"#layers\">Layers</a><a href=\"#provenance\">Provenance</a></div></nav>\n<main>\n";
  html += "<div id=\"summary\">\n" + SummaryTiles(input) + "</div>\n";
  html += Section("accuracy", "Accuracy", AccuracySection(input));
  html += Section("training", "Training", TrainingSection(input));
  html += Section("memory", "Memory over time", MemorySection(input));
  html += Section("flash", "Flash by part", FlashSection(input));
  html += Section("layers", "Layer by layer", LayersSection(input));
  html += Section("provenance", "Where every number comes from", ProvenanceSection(input));
  html +=
      "</main>\n<footer>Made by <code>tinyformer report</code>. Cycles are estimates of a model, "
      "never board measurements.</footer>\n</body>\n</html>\n";
  return html;
}

}  // namespace tinyformer
