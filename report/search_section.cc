#include <algorithm>

#include "base/progress.h"
#include "report/axis.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/search_sections.h"
#include "report/table.h"

namespace tinyformer {
namespace {

// What the trials of one stage have come to.
struct StageSum {
  int64_t complete = 0, failed = 0, stopped = 0, running = 0;
  std::optional<double> best;
  double busy_ms = 0;  // of all workers together
};

StageSum SumUp(const ReportedSearch& search, const std::string& kind) {
  StageSum sum;
  for (const ReportedTrial* trial : TrialsOf(search, kind)) {
    sum.complete += trial->outcome == TrialOutcome::kComplete;
    sum.stopped += trial->outcome == TrialOutcome::kStopped;
    sum.failed += trial->outcome == TrialOutcome::kFailed;
    sum.running += trial->outcome == TrialOutcome::kRunning;
    if (trial->finished_ms >= trial->started_ms && trial->started_ms > 0)
      sum.busy_ms += static_cast<double>(trial->finished_ms - trial->started_ms);
    const bool counts = trial->outcome == TrialOutcome::kComplete && trial->fits && trial->value;
    if (counts && (!sum.best || *trial->value > *sum.best)) sum.best = trial->value;
  }
  return sum;
}

std::string CountOrDash(int64_t count) { return count == 0 ? "–" : GroupDigits(count); }

std::string StageTable(const ReportedSearch& search) {
  std::vector<std::vector<TableCell>> rows;
  for (const ReportedStage& stage : search.stages) {
    const StageSum sum = SumUp(search, stage.kind);
    const int64_t ended = sum.complete + sum.stopped;
    if (ended + sum.failed + sum.running + stage.planned == 0) continue;
    rows.push_back(
        {stage.name,
         GroupDigits(ended) + (stage.planned > 0 ? " of " + GroupDigits(stage.planned) : ""),
         CountOrDash(sum.running), CountOrDash(sum.failed), CountOrDash(sum.stopped),
         sum.best ? FormatPercent(*sum.best, 2) : "–",
         sum.busy_ms > 0 ? FormatDuration(sum.busy_ms / 1000) : "–"});
  }
  return DrawTable({{"stage"},
                    {"ended", true},
                    {"running", true},
                    {"failed", true},
                    {"stopped early", true},
                    {"best", true},
                    {"work, h:m:s", true}},
                   rows);
}

std::string Limits(const ReportedSearch& search) {
  return "flash " + FormatBytes(search.flash_limit_bytes) + ", RAM " +
         FormatBytes(search.ram_limit_bytes) +
         (search.cycles_limit > 0 ? ", " + GroupDigits(search.cycles_limit) + " cycles" : "");
}

std::string Failures(const ReportedSearch& search) {
  std::string items;
  for (const ReportedTrial& trial : search.trials) {
    if (trial.outcome != TrialOutcome::kFailed) continue;
    items += "<li>" +
             EscapeHtml(trial.kind + " " + std::to_string(trial.number) + ": " + trial.error) +
             "</li>\n";
  }
  return items.empty()
             ? ""
             : "<details><summary>What failed</summary><ul>\n" + items + "</ul></details>\n";
}

const char* OutcomeOf(const ReportedSearch& search) {
  if (search.over) return "It has ended.";
  if (CompressedOf(search) != nullptr) return "The network is chosen; its checks go on.";
  return WinnerOf(search) != nullptr ? "It goes on: the network below is the best so far."
                                     : "It goes on: no candidate has ended well yet.";
}

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

std::string Key(const char* css, const char* text) {
  return std::string("<span><svg class=\"key\" viewBox=\"0 0 12 12\" width=\"12\" height=\"12\">") +
         "<circle class=\"" + css + "\" cx=\"6\" cy=\"6\" r=\"4.5\"/></svg>" + text + "</span>";
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

std::string SearchSection(const ReportedSearch& search) {
  std::string html = "<p>Space <b>" + EscapeHtml(search.space) + "</b> on " +
                     EscapeHtml(search.target) + ", within " + EscapeHtml(Limits(search)) +
                     "; objectives: " + EscapeHtml(search.objectives) + "; seed " +
                     std::to_string(search.seed) + ". " + OutcomeOf(search) + "</p>\n";
  html += "<p class=\"soft\">Everything here is read from " + EscapeHtml(search.store) +
          " (images " + EscapeHtml(search.data_fingerprint) +
          "). Accuracies are on validation images, by which the search chooses; those of the best "
          "are therefore somewhat too high. Test images stay locked until <code>tinyformer "
          "run</code>.</p>\n";
  return html + StageTable(search) + Failures(search);
}

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
         plots + "</div>\n<div class=\"keys\">" + Key("candidate", "candidate") +
         Key("dot0", "on the front of the plot") + Key("winner", "the winner") +
         (CompressedOf(search) != nullptr ? Key("dot1", "the winner after the compression stage")
                                          : "") +
         (refused ? Key("refused", "above a limit once it was linked") : "") +
         (below ? "<span>▾ far below the others</span>" : "") + "</div>\n" + FrontTable(search);
}

std::string EvolutionSection(const ReportedSearch& search) {
  const bool any =
      std::any_of(search.trials.begin(), search.trials.end(), [](const ReportedTrial& trial) {
        return (trial.kind == "supernet" || trial.kind == "candidate") &&
               (trial.value || trial.outcome == TrialOutcome::kFailed);
      });
  if (!any) return "<div class=\"missing\">No trial has ended yet.</div>\n";
  std::string html =
      "<p class=\"soft\">Supernets by the mean accuracy of their sparse paths (float), candidates "
      "by their int8 accuracy; the line is the best so far. A generation is drawn from the results "
      "of those before it.</p>\n" +
      Responsive(DrawEvolution(search, 1110, 340), DrawEvolution(search, 356, 300)) +
      "<div class=\"keys\">" + Key("dot2", "supernet") + Key("dot0", "candidate");
  bool stopped = false, failed = false, refused = false, worked = false, alone = false;
  for (const ReportedTrial& trial : search.trials) {
    stopped |= trial.outcome == TrialOutcome::kStopped;
    failed |= trial.outcome == TrialOutcome::kFailed;
    refused |= !trial.fits;
    alone |= trial.kind == "alone";
    worked |= !trial.worker.empty() && trial.finished_ms > trial.started_ms;
  }
  if (CompressedOf(search) != nullptr) html += Key("dot1", "after the compression stage");
  if (stopped) html += Key("stopped", "stopped early, accuracy after dense training (float)");
  if (refused) html += Key("refused", "above a limit");
  if (failed) html += "<span><b class=\"cross-key\">×</b>failed</span>";
  html += "</div>\n";
  if (!worked) return html;
  auto colour = [](const char* variable, const char* text) {
    return std::string("<span><b style=\"background:var(") + variable + ")\"></b>" + text +
           "</span>";
  };
  return html + "<h3>Who worked when</h3>\n" +
         Responsive(DrawWorkers(search, 1110), DrawWorkers(search, 356)) + "<div class=\"keys\">" +
         colour("--c2", "supernet") + colour("--c0", "candidate") +
         (CompressedOf(search) != nullptr ? colour("--c1", "compression stage") : "") +
         (alone ? colour("--c3", "trained alone") : "") +
         (failed ? colour("--bad", "failed") : "") + "</div>\n";
}

}  // namespace tinyformer
