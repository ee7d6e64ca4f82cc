#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr double kTicks = 52;  // left of each panel, for the labels of its axis
constexpr double kRight = 12, kTop = 40, kBottom = 52, kGap = 14;
constexpr double kLeastShare = 0.08;  // of the width, for a stage of few trials

// A stage's trials by number, and where they lie; a candidate that was stopped is in its screening
// trial.
struct Stage {
  std::string name, dots, line;  // classes of the style sheet
  std::vector<const ReportedTrial*> trials;
  double left = 0, width = 0;

  double Step() const { return width / static_cast<double>(trials.size()); }
  double X(size_t index) const { return left + (static_cast<double>(index) + 0.5) * Step(); }
  double Right() const { return left + width; }
};

// Stages that share an axis.
struct Panel {
  std::vector<Stage> stages;
  ValueRange ys;
};

bool IsDrawn(const ReportedTrial& trial) {
  return trial.value || trial.outcome == TrialOutcome::kFailed ||
         trial.outcome == TrialOutcome::kRunning;
}

bool Counts(const ReportedTrial& trial) {
  return trial.outcome == TrialOutcome::kComplete && trial.value && trial.fits;
}

Stage MakeStage(const char* name, const char* dots, const char* line,
                std::vector<const ReportedTrial*> trials) {
  std::erase_if(trials, [](const ReportedTrial* trial) { return !IsDrawn(*trial); });
  std::stable_sort(trials.begin(), trials.end(),
                   [](const auto* a, const auto* b) { return a->number < b->number; });
  return {name, dots, line, std::move(trials)};
}

std::vector<Panel> ListPanels(const ReportedSearch& search) {
  std::vector<const ReportedTrial*> candidates = TrialsOf(search, "candidate");
  for (const ReportedTrial* trial : TrialsOf(search, "screening"))
    if (trial->outcome != TrialOutcome::kComplete) candidates.push_back(trial);
  std::vector<Panel> panels = {
      {{MakeStage("supernets", "dot2", "line2", TrialsOf(search, "supernet"))}, {}},
      {{MakeStage("candidates", "dot0", "line0", candidates),
        MakeStage("final", "dot1", "line1", TrialsOf(search, "final"))},
       {}}};
  for (Panel& panel : panels) {
    std::erase_if(panel.stages, [](const Stage& stage) { return stage.trials.empty(); });
    std::vector<double> values;
    for (const Stage& stage : panel.stages) {
      for (const ReportedTrial* trial : stage.trials)
        if (trial->value) values.push_back(*trial->value);
    }
    for (double value : values) panel.ys.Include(value);
    if (!values.empty()) panel.ys.low = LowestShown(values);
    panel.ys.Widen(true);
    panel.ys.AddMargin(0.08, true);
  }
  std::erase_if(panels, [](const Panel& panel) { return panel.stages.empty(); });
  return panels;
}

// Widths by the number of trials, but never too small for a name.
void LayOut(std::vector<Panel>& panels, double width) {
  double all = 0, whole = 0, room = width - kRight;
  for (const Panel& panel : panels) {
    room -= kTicks + kGap * (static_cast<double>(panel.stages.size()) - 1);
    for (const Stage& stage : panel.stages) all += static_cast<double>(stage.trials.size());
  }
  auto weight = [&](const Stage& stage) {
    return std::max(static_cast<double>(stage.trials.size()), all * kLeastShare);
  };
  for (const Panel& panel : panels)
    for (const Stage& stage : panel.stages) whole += weight(stage);
  double left = 0;
  for (Panel& panel : panels) {
    left += kTicks;
    for (Stage& stage : panel.stages) {
      stage.left = left;
      stage.width = weight(stage) / whole * room;
      left += stage.width + kGap;
    }
    left -= kGap;
  }
}

const char* OutcomeWord(const ReportedTrial& trial) {
  switch (trial.outcome) {
    case TrialOutcome::kFailed:
      return " failed: ";
    case TrialOutcome::kStopped:
      return " stopped early, after dense training: ";
    case TrialOutcome::kRunning:
      return " is running";
    default:
      return ": ";
  }
}

std::string Tooltip(const ReportedTrial& trial) {
  std::string text = trial.kind == "screening" ? "candidate" : trial.kind;
  if (trial.kind != "final") text += " " + std::to_string(trial.number);
  text += OutcomeWord(trial);
  if (trial.outcome == TrialOutcome::kFailed) text += trial.error;
  if (trial.value) text += FormatPercent(*trial.value, 2);
  if (!trial.fits) text += ", above a limit";
  return trial.choices.empty() ? text : text + "\n" + trial.choices;
}

class EvolutionPlot {
 public:
  EvolutionPlot(const ReportedSearch& search, int width, int height)
      : width_(width),
        height_(height),
        svg_(width, height, "evolution of the search"),
        panels_(ListPanels(search)) {
    LayOut(panels_, width);
  }

  std::string Draw() {
    for (const Panel& panel : panels_) {
      for (const Stage& stage : panel.stages) Bands(stage);
      Axis(panel);
      for (const Stage& stage : panel.stages) {
        svg_.Line("axis", stage.left, Bottom(), stage.Right(), Bottom());
        BestLine(panel, stage);
        for (size_t i = 0; i < stage.trials.size(); ++i) Mark(panel, stage, i);
        Names(stage);
      }
    }
    svg_.Text("tick", width_ / 2, height_ - 4, Anchor::kMiddle,
              width_ < 500
                  ? "trials by their numbers"
                  : "trials by their numbers; bands are generations; ▾ far below the others");
    return svg_.Finish();
  }

 private:
  double Bottom() const { return height_ - kBottom; }
  double Y(const Panel& panel, double value) const {
    return Bottom() - (value - panel.ys.low) / (panel.ys.high - panel.ys.low) * (Bottom() - kTop);
  }

  // Every second generation is shaded.
  void Bands(const Stage& stage) {
    for (size_t begin = 0, end = 0; begin < stage.trials.size(); begin = end) {
      const int64_t generation = stage.trials[begin]->generation;
      while (end < stage.trials.size() && stage.trials[end]->generation == generation) ++end;
      if (generation % 2 == 0) continue;
      svg_.Rect("cell", stage.left + static_cast<double>(begin) * stage.Step(), kTop,
                static_cast<double>(end - begin) * stage.Step(), Bottom() - kTop);
    }
  }

  void Axis(const Panel& panel) {
    const double left = panel.stages.front().left, right = panel.stages.back().Right();
    const std::vector<double> ticks = RoundTicks(panel.ys.low, panel.ys.high, 5);
    for (double tick : ticks) {
      svg_.Line("grid", left, Y(panel, tick), right, Y(panel, tick));
      svg_.Text("tick", left - 6, Y(panel, tick) + 4, Anchor::kEnd,
                TickLabel(tick, TickStep(ticks), true));
    }
  }

  void BestLine(const Panel& panel, const Stage& stage) {
    std::string path;
    double best = -1;
    for (size_t i = 0; i < stage.trials.size(); ++i) {
      const ReportedTrial& trial = *stage.trials[i];
      if (!Counts(trial) || *trial.value <= best || *trial.value < panel.ys.low) continue;
      const std::string x = SvgNumber(stage.X(i));
      path += best < 0 ? "M" + x : " L" + x + " " + SvgNumber(Y(panel, best)) + " L" + x;
      best = *trial.value;
      path += " " + SvgNumber(Y(panel, best));
    }
    if (best < 0 || stage.trials.size() < 2) return;
    path += " L" + SvgNumber(stage.Right()) + " " + SvgNumber(Y(panel, best));
    svg_.Path(stage.line, path);
  }

  void Mark(const Panel& panel, const Stage& stage, size_t index) {
    const ReportedTrial& trial = *stage.trials[index];
    const double x = stage.X(index), r = std::clamp(stage.Step() / 2.6, 1.5, 4.0);
    if (!trial.value) {
      const bool failed = trial.outcome == TrialOutcome::kFailed;
      svg_.Text(failed ? "cross" : "tick", x, Bottom() - 4, Anchor::kMiddle, failed ? "×" : "…");
      // The mark is small; its tooltip is in reach around it.
      svg_.Rect("reach", x - std::max(r, 4.0), Bottom() - 16, 2 * std::max(r, 4.0), 16, 1,
                Tooltip(trial));
      return;
    }
    const std::string css = Counts(trial) ? stage.dots : trial.fits ? "stopped" : "refused";
    if (*trial.value < panel.ys.low) {
      svg_.Below(css, x, Bottom(), Tooltip(trial));
    } else {
      svg_.Circle(css, x, Y(panel, *trial.value), r, Tooltip(trial));
    }
  }

  void Names(const Stage& stage) {
    const bool last = stage.Right() > width_ - kRight - 1;
    const bool roomy = stage.width > 6.8 * static_cast<double>(stage.name.size());
    svg_.Text("label",
              roomy  ? stage.left + stage.width / 2
              : last ? stage.Right()
                     : stage.left,
              kTop - 12,
              roomy  ? Anchor::kMiddle
              : last ? Anchor::kEnd
                     : Anchor::kStart,
              stage.name);
    const auto every = static_cast<size_t>(std::max(1.0, std::ceil(26 / stage.Step())));
    for (size_t i = 0; i < stage.trials.size(); i += every) {
      svg_.Text("tick", stage.X(i), Bottom() + 16, Anchor::kMiddle,
                std::to_string(stage.trials[i]->number));
    }
  }

  double width_, height_;
  SvgDrawing svg_;
  std::vector<Panel> panels_;
};

}  // namespace

std::string DrawEvolution(const ReportedSearch& search, int width, int height) {
  return EvolutionPlot(search, width, height).Draw();
}

}  // namespace tinyformer
