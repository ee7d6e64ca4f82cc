#include <algorithm>
#include <map>

#include "base/progress.h"
#include "report/axis.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/svg.h"

namespace tinyformer {
std::string DrawWorkers(const ReportedSearch& search, int width) {
  constexpr size_t kMostWorkers = 12;
  constexpr double kRow = 24, kNames = 18, kAxis = 38;
  std::map<std::string, std::vector<const ReportedTrial*>> by_worker;
  ValueRange ms;
  for (const ReportedTrial& trial : search.trials) {
    if (trial.worker.empty() || trial.started_ms == 0 || trial.finished_ms < trial.started_ms)
      continue;
    by_worker[trial.worker].push_back(&trial);
    ms.Include(static_cast<double>(trial.started_ms));
    ms.Include(static_cast<double>(trial.finished_ms));
  }
  std::vector<std::pair<std::string, std::vector<const ReportedTrial*>>> workers(by_worker.begin(),
                                                                                 by_worker.end());
  std::stable_sort(workers.begin(), workers.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  workers.resize(std::min(workers.size(), kMostWorkers));
  const double seconds = workers.empty() ? 1 : std::max((ms.high - ms.low) / 1000, 1.0);
  const double unit = seconds < 120 ? 1 : seconds < 7200 ? 60 : 3600;
  const char* unit_name = seconds < 120 ? "seconds" : seconds < 7200 ? "minutes" : "hours";
  const double left = 14, right = width - 14.0;
  const double bottom = (kRow + kNames) * static_cast<double>(workers.size()) + 4;
  auto px = [&](double at) { return left + at / seconds * (right - left); };
  SvgDrawing svg(width, static_cast<int>(bottom + kAxis), "who worked when");
  const std::vector<double> ticks = RoundTicks(0, seconds / unit, width < 500 ? 5 : 10);
  for (double tick : ticks) {
    svg.Line("grid", px(tick * unit), 4, px(tick * unit), bottom);
    svg.Text("tick", px(tick * unit), bottom + 16, Anchor::kMiddle,
             TickLabel(tick, TickStep(ticks), false));
  }
  for (size_t row = 0; row < workers.size(); ++row) {
    const double top = (kRow + kNames) * static_cast<double>(row);
    svg.Text("label", left, top + 14, Anchor::kStart, workers[row].first);
    for (const ReportedTrial* trial : workers[row].second) {
      const double from = (static_cast<double>(trial->started_ms) - ms.low) / 1000;
      const double to = (static_cast<double>(trial->finished_ms) - ms.low) / 1000;
      const char* css = trial->outcome == TrialOutcome::kFailed ? "hot"
                        : trial->kind == "supernet"             ? "dot2"
                        : trial->kind == "final"                ? "dot1"
                        : trial->kind == "alone"                ? "dot3"
                                                                : "dot0";
      svg.Rect(
          css, px(from), top + kNames + 2, std::max(px(to) - px(from) - 1, 1.0), kRow - 6, 1,
          trial->kind + " " + std::to_string(trial->number) + ": " + FormatDuration(to - from));
    }
  }
  svg.Line("axis", left, bottom, right, bottom);
  svg.Text("tick", (left + right) / 2, bottom + 34, Anchor::kMiddle,
           std::string(unit_name) + " since the first trial began");
  return svg.Finish();
}

}  // namespace tinyformer
