#include <algorithm>

#include "report/format.h"
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
         sum.busy_ms > 0 ? FormatHours(sum.busy_ms / 1000) : "–"});
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
  const bool has_work =
      std::any_of(search.trials.begin(), search.trials.end(), [](const ReportedTrial& trial) {
        return trial.outcome == TrialOutcome::kWaiting || trial.outcome == TrialOutcome::kRunning;
      });
  if (!has_work && !search.trials.empty()) return "It stands still: no trial waits or runs.";
  return WinnerOf(search) != nullptr ? "It goes on: the network below is the best so far."
                                     : "It goes on: no candidate has ended well yet.";
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
          "run</code>. Alg. 1 to 3 are those of the TinyFormer paper.</p>\n";
  return html + StageTable(search) + Failures(search);
}

}  // namespace tinyformer
