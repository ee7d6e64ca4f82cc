#include <algorithm>

#include "report/search_plots.h"
#include "report/search_sections.h"
#include "report/svg.h"

namespace tinyformer {

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
      "<div class=\"keys\">" + DotKey("dot2", "supernet") + DotKey("dot0", "candidate");
  bool stopped = false, failed = false, refused = false, worked = false, alone = false;
  for (const ReportedTrial& trial : search.trials) {
    stopped |= trial.outcome == TrialOutcome::kStopped;
    failed |= trial.outcome == TrialOutcome::kFailed;
    refused |= !trial.fits;
    alone |= trial.kind == "alone";
    worked |= !trial.worker.empty() && trial.finished_ms > trial.started_ms;
  }
  if (CompressedOf(search) != nullptr) html += DotKey("dot1", "after the compression stage");
  if (stopped) html += DotKey("stopped", "stopped early, accuracy after dense training (float)");
  if (refused) html += DotKey("refused", "above a limit");
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
