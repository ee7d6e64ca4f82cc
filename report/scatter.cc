#include <algorithm>
#include <cmath>

#include "base/median.h"
#include "report/axis.h"
#include "report/format.h"
#include "report/search_plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr double kLeft = 52, kRight = 14, kTop = 26, kBottom = 38;
constexpr double kNearLimit = 0.7;  // of the points' range: a limit that is no further is drawn

// Maps values to pixels.
struct Frame {
  ValueRange xs, ys;
  double width, height;

  double X(double x) const { return kLeft + (x - xs.low) / (xs.high - xs.low) * PlotWidth(); }
  double Y(double y) const {  // what lies below the frame is on its bottom
    return Bottom() - std::max(0.0, y - ys.low) / (ys.high - ys.low) * PlotHeight();
  }
  double PlotWidth() const { return width - kLeft - kRight; }
  double PlotHeight() const { return height - kTop - kBottom; }
  double Bottom() const { return height - kBottom; }
};

bool IsFinite(const ScatterPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

// Whether the limit lies within the axis, which is widened for one that is near.
bool TakeIn(std::optional<double> limit, ValueRange& xs) {
  if (!limit || xs.empty()) return false;
  const double span = xs.high > xs.low ? xs.high - xs.low : std::abs(xs.high) * 0.1;
  if (*limit > xs.high + kNearLimit * span || *limit < xs.low - kNearLimit * span) return false;
  xs.Include(*limit);
  return true;
}

Frame MakeFrame(const ScatterChart& chart, int width, int height, bool& limit_drawn) {
  Frame frame{{}, {}, static_cast<double>(width), static_cast<double>(height)};
  std::vector<double> ys;
  for (const ScatterPoint& point : chart.points) {
    if (!IsFinite(point)) continue;
    frame.xs.Include(point.x);
    ys.push_back(point.y);
    frame.ys.Include(point.y);
  }
  if (!ys.empty()) frame.ys.low = LowestShown(ys);
  limit_drawn = TakeIn(chart.limit, frame.xs);
  frame.xs.Widen(chart.percent_x);
  frame.ys.Widen(true);
  frame.xs.AddMargin(0.06, chart.percent_x);
  frame.ys.AddMargin(0.1, true);
  return frame;
}

std::string XLabel(double value, double step, const AxisUnit& unit, bool percent) {
  if (percent) return TickLabel(value, step, true);
  const bool fine = step / unit.size < 0.00999;  // two digits would not tell ticks apart
  return fine && step >= 1 ? GroupDigits(std::llround(value)) : unit.Label(value);
}

void DrawAxes(SvgDrawing& svg, const ScatterChart& chart, const Frame& frame) {
  const std::vector<double> y_ticks = RoundTicks(frame.ys.low, frame.ys.high, 5);
  for (double tick : y_ticks) {
    svg.Line("grid", kLeft, frame.Y(tick), frame.width - kRight, frame.Y(tick));
    svg.Text("tick", kLeft - 6, frame.Y(tick) + 4, Anchor::kEnd,
             TickLabel(tick, TickStep(y_ticks), true));
  }
  const std::vector<double> x_ticks =
      RoundTicks(frame.xs.low, frame.xs.high, frame.width < 500 ? 5 : 7);
  const AxisUnit unit(frame.xs.high);
  for (double tick : x_ticks) {
    svg.Text("tick", frame.X(tick), frame.Bottom() + 16, Anchor::kMiddle,
             XLabel(tick, TickStep(x_ticks), unit, chart.percent_x));
  }
  svg.Line("axis", kLeft, frame.Bottom(), frame.width - kRight, frame.Bottom());
  svg.Text("tick", kLeft + frame.PlotWidth() / 2, frame.height - 4, Anchor::kMiddle, chart.x_label);
}

void DrawLimit(SvgDrawing& svg, const ScatterChart& chart, const Frame& frame, bool drawn) {
  if (!chart.limit) return;
  if (!drawn) {
    const bool above = *chart.limit > frame.xs.high;
    svg.Text("tick", above ? frame.width - kRight : kLeft, kTop - 12,
             above ? Anchor::kEnd : Anchor::kStart,
             above ? chart.limit_name + " →" : "← " + chart.limit_name);
    return;
  }
  const double x = frame.X(*chart.limit);
  const bool right = x > kLeft + frame.PlotWidth() / 2;
  svg.Line("limit", x, kTop - 6, x, frame.Bottom());
  svg.Text("tick", right ? std::min(x + 4, frame.width - kRight) : x - 4, kTop - 12,
           right ? Anchor::kEnd : Anchor::kStart, chart.limit_name);
}

std::string StepPath(const std::vector<std::pair<double, double>>& steps, const Frame& frame) {
  std::string path;
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::string x = SvgNumber(frame.X(steps[i].first));
    path += i == 0 ? "M" + x : " L" + x + " " + SvgNumber(frame.Y(steps[i - 1].second)) + " L" + x;
    path += " " + SvgNumber(frame.Y(steps[i].second));
  }
  return path;
}

// A label's place around its point, by preference.
struct LabelPlace {
  double x, y;  // middle of its base line
  double half;  // its width

  bool Meets(double other_x, double other_y, double other_half) const {
    return std::abs(other_x - x) < half + other_half && std::abs(other_y - (y - 4)) < 10;
  }
};

std::vector<LabelPlace> PlacesAround(const ScatterPoint& point, const Frame& frame) {
  const double x = frame.X(point.x), y = frame.Y(point.y);
  const double half = 3.4 * static_cast<double>(point.label.size()), away = point.radius + 5;
  return {{x + away + half, y + 4, half},
          {x - away - half, y + 4, half},
          {x, y - away, half},
          {x, y + away + 9, half},
          {x + away + half, y - 9, half},
          {x - away - half, y - 9, half},
          {x + away + half, y + 17, half},
          {x - away - half, y + 17, half}};
}

// Every label takes the place where it hides fewest points, no other label, is off the limit's line
// (limit_x) and in the drawing.
void DrawLabels(SvgDrawing& svg, const ScatterChart& chart, const Frame& frame,
                std::optional<double> limit_x) {
  std::vector<LabelPlace> taken;
  for (const ScatterPoint& point : chart.points) {
    if (point.label.empty() || !IsFinite(point)) continue;
    LabelPlace best{};
    int fewest = std::numeric_limits<int>::max();
    for (const LabelPlace& place : PlacesAround(point, frame)) {
      int hidden = 0;
      for (const LabelPlace& label : taken)
        hidden += place.Meets(label.x, label.y - 4, label.half) ? 100 : 0;
      if (place.x - place.half < kLeft || place.x + place.half > frame.width ||
          place.y < kTop + 2 || place.y > frame.Bottom())
        hidden += 1000;
      if (limit_x && std::abs(*limit_x - place.x) < place.half + 2) hidden += 50;
      for (const ScatterPoint& other : chart.points)
        hidden += IsFinite(other) && place.Meets(frame.X(other.x), frame.Y(other.y), other.radius);
      if (hidden < fewest) {
        fewest = hidden;
        best = place;
      }
    }
    taken.push_back(best);
    svg.Text("mark", best.x, best.y, Anchor::kMiddle, point.label);
  }
}

}  // namespace

std::string DrawScatter(const ScatterChart& chart, int width, int height) {
  bool limit_drawn = false;
  const Frame frame = MakeFrame(chart, width, height, limit_drawn);
  SvgDrawing svg(width, height, chart.title);
  DrawAxes(svg, chart, frame);
  DrawLimit(svg, chart, frame, limit_drawn);
  if (chart.steps.size() > 1) svg.Path("front-line", StepPath(chart.steps, frame));
  for (const ScatterPoint& point : chart.points) {
    if (!IsFinite(point)) continue;
    if (point.y < frame.ys.low) {
      svg.Below(point.css_class, frame.X(point.x), frame.Bottom(), point.tooltip);
    } else {
      svg.Circle(point.css_class, frame.X(point.x), frame.Y(point.y), point.radius, point.tooltip);
    }
  }
  DrawLabels(svg, chart, frame, limit_drawn ? std::optional(frame.X(*chart.limit)) : std::nullopt);
  return svg.Finish();
}

std::string DrawStrips(const std::vector<StripRow>& rows, int width) {
  constexpr double kRow = 58, kStripTop = 8, kNames = 18;
  ValueRange xs;
  for (const StripRow& row : rows) {
    for (double value : row.values) xs.Include(value);
  }
  xs.Widen(true);
  xs.AddMargin(0.08, true);
  const double left = 14, right = width - 14.0;
  const double bottom = kStripTop + kRow * static_cast<double>(rows.size());
  auto px = [&](double x) { return left + (x - xs.low) / (xs.high - xs.low) * (right - left); };

  SvgDrawing svg(width, static_cast<int>(bottom) + 40, "accuracy trained alone");
  const std::vector<double> ticks = RoundTicks(xs.low, xs.high, width < 500 ? 4 : 6);
  for (double tick : ticks) {
    svg.Line("grid", px(tick), kStripTop, px(tick), bottom);
    svg.Text("tick", px(tick), bottom + 16, Anchor::kMiddle,
             TickLabel(tick, TickStep(ticks), true));
  }
  svg.Line("axis", left, bottom, right, bottom);
  for (size_t i = 0; i < rows.size(); ++i) {
    const StripRow& row = rows[i];
    const double top = kStripTop + kRow * static_cast<double>(i), middle = top + kNames + 18;
    svg.Text("label", left, top + 14, Anchor::kStart, row.name);
    if (row.values.size() > 1) {
      const double median = px(Median(row.values));
      svg.Line("median", median, middle - 12, median, middle + 12);
    }
    for (size_t k = 0; k < row.values.size(); ++k)
      svg.Circle(row.css_class, px(row.values[k]), middle, 5, row.tooltips[k]);
  }
  svg.Text("tick", (left + right) / 2, bottom + 34, Anchor::kMiddle,
           "int8 accuracy, validation images");
  return svg.Finish();
}

}  // namespace tinyformer
