#include <algorithm>

#include "report/axis.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/search_sections.h"
#include "report/svg.h"
#include "report/table.h"

namespace tinyformer {
namespace {

// The points of a front of accuracy against one cost: none is cheaper and at least as accurate.
using Cost = std::optional<int64_t> ReportedTrial::*;
std::vector<const ReportedTrial*> FrontOf(std::vector<const ReportedTrial*> trials, Cost cost) {
  std::stable_sort(trials.begin(), trials.end(), [&](const auto* a, const auto* b) {
    return a->*cost != b->*cost ? *(a->*cost) < *(b->*cost) : *a->value > *b->value;
  });
  std::vector<const ReportedTrial*> front;
  for (const ReportedTrial* trial : trials)
    if (front.empty() || *trial->value > *front.back()->value) front.push_back(trial);
  return front;
}

std::string CandidateTooltip(const ReportedTrial& trial, const std::string& name) {
  std::string text = name + ": " + FormatPercent(*trial.value, 2) + " int8";
  if (trial.flash_bytes) text += "\nflash " + FormatBytes(*trial.flash_bytes);
  if (trial.ram_bytes) text += "\nRAM " + FormatBytes(*trial.ram_bytes);
  if (trial.cycles) text += "\n" + GroupDigits(*trial.cycles) + " cycles, estimated";
  if (!trial.fits) text += "\nabove a limit";
  if (trial.on_front) text += "\non the front of the search's objectives";
  return trial.choices.empty() ? text : text + "\n" + trial.choices;
}

std::string NameOf(const ReportedTrial& trial) {
  return "candidate " + std::to_string(trial.number);
}

struct CostAxis {
  const char* title;
  const char* x_label;
  const char* unit;
  Cost cost;
  int64_t limit;
};

std::string Scatter(const ReportedSearch& search, const CostAxis& axis) {
  ScatterChart chart;
  chart.title = std::string("accuracy against ") + axis.title;
  chart.x_label = axis.x_label;
  std::vector<const ReportedTrial*> drawn, fitting;
  for (const ReportedTrial* trial : TrialsOf(search, "candidate")) {
    if (trial->outcome != TrialOutcome::kComplete || !trial->value || !(trial->*axis.cost))
      continue;
    drawn.push_back(trial);
    if (trial->fits) fitting.push_back(trial);
  }
  if (drawn.empty()) return "";
  const std::vector<const ReportedTrial*> front = FrontOf(fitting, axis.cost);
  auto is_in_front = [&](const ReportedTrial* trial) {
    return std::find(front.begin(), front.end(), trial) != front.end();
  };
  const ReportedTrial* winner = WinnerOf(search);
  auto add = [&](const ReportedTrial& trial, const char* css, double radius,
                 const std::string& name, const std::string& label) {
    chart.points.push_back({static_cast<double>(*(trial.*axis.cost)), *trial.value, css,
                            CandidateTooltip(trial, name), radius, label});
  };
  for (const ReportedTrial* trial : drawn)
    if (trial != winner && !is_in_front(trial))
      add(*trial, trial->fits ? "candidate" : "refused", 4, NameOf(*trial), "");
  for (const ReportedTrial* trial : front) {
    chart.steps.emplace_back(static_cast<double>(*(trial->*axis.cost)), *trial->value);
    if (trial != winner) add(*trial, "dot0", 4.5, NameOf(*trial), "");
  }
  if (winner != nullptr && winner->*axis.cost)
    add(*winner, "winner", 6, NameOf(*winner) + ", the winner", NameOf(*winner));
  const ReportedTrial* last = CompressedOf(search);
  if (last != nullptr && last->value && last->*axis.cost)
    add(*last, "dot1", 5, "the winner after the compression stage", "final");
  if (axis.limit > 0) {
    chart.limit = static_cast<double>(axis.limit);
    chart.limit_name = "limit " + GroupDigits(axis.limit) + axis.unit;
  }
  return "<div><h3>Against " + std::string(axis.title) + "</h3>\n" + DrawScatter(chart, 356, 300) +
         "</div>\n";
}

std::string FrontTable(const ReportedSearch& search) {
  std::vector<std::vector<TableCell>> rows;
  auto number = [](std::optional<int64_t> value) { return value ? GroupDigits(*value) : "–"; };
  for (const ReportedTrial* trial : TrialsOf(search, "candidate")) {
    if (!trial->on_front || !trial->value) continue;
    rows.push_back({NameOf(*trial), FormatPercent(*trial->value, 2), number(trial->flash_bytes),
                    number(trial->ram_bytes), number(trial->cycles), trial->choices});
  }
  if (rows.size() < 2) return "";
  return "<h3>The front of the search&#39;s objectives: " + EscapeHtml(search.objectives) +
         "</h3>\n<p class=\"soft\">No other candidate is at least as good in all of them and "
         "better "
         "in one.</p>\n" +
         "<div class=\"wrapped\">" +
         DrawTable({{"candidate"},
                    {"int8, validation", true},
                    {"flash, B", true},
                    {"RAM, B", true},
                    {"cycles, est.", true},
                    {"choices"}},
                   rows) +
         "</div>\n";
}

}  // namespace

std::string ParetoSection(const ReportedSearch& search) {
  const CostAxis axes[] = {
      {"flash", "flash of the firmware, bytes", " B", &ReportedTrial::flash_bytes,
       search.flash_limit_bytes},
      {"RAM", "peak RAM, bytes", " B", &ReportedTrial::ram_bytes, search.ram_limit_bytes},
      {"cycles", "cycles of one inference, estimated", "", &ReportedTrial::cycles,
       search.cycles_limit}};
  std::string plots;
  for (const CostAxis& axis : axes) plots += Scatter(search, axis);
  if (plots.empty()) {
    return "<div class=\"missing\">No candidate has ended well yet: there is nothing to "
           "compare.</div>\n";
  }
  bool refused = false;
  std::vector<double> values;
  for (const ReportedTrial* trial : TrialsOf(search, "candidate")) {
    refused |= !trial->fits;
    if (trial->value) values.push_back(*trial->value);
  }
  const bool below = *std::min_element(values.begin(), values.end()) < LowestShown(values);
  return "<p class=\"soft\">Every candidate as it was trained, pruned, quantised and linked. The "
         "line is the front of the two quantities of its plot: the best accuracy for so much of "
         "the cost.</p>\n<div class=\"triple\">\n" +
         plots + "</div>\n<div class=\"keys\">" + DotKey("candidate", "candidate") +
         DotKey("dot0", "on the front of the plot") + DotKey("winner", "the winner") +
         (CompressedOf(search) != nullptr ? DotKey("dot1", "the winner after the compression stage")
                                          : "") +
         (refused ? DotKey("refused", "above a limit once it was linked") : "") +
         (below ? "<span>▾ far below the others</span>" : "") + "</div>\n" + FrontTable(search);
}

}  // namespace tinyformer
