#include <algorithm>
#include <cmath>

#include "report/axis.h"
#include "report/format.h"
#include "report/plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr double kLeft = 52, kRight = 12, kTop = 34, kBottom = 36, kLegendRow = 18;
constexpr int kColours = 6;  // classes line0..line5 in the style sheet

// Epochs are counted: no tick between two of them.
std::vector<double> CountTicks(const ValueRange& xs, bool whole, int count) {
  std::vector<double> ticks = RoundTicks(xs.low, xs.high, count);
  if (whole) {
    std::erase_if(ticks, [](double tick) { return std::abs(tick - std::round(tick)) > 1e-9; });
  }
  return ticks;
}

std::string ValueText(double value) {
  return value != 0 && std::abs(value) < 1e-3 ? FormatScientific(value, 2) : FormatFixed(value, 4);
}

struct LegendPlace {
  double x = kLeft, y = 15;
};

// From left to right; what would end beyond the drawing starts another row.
std::vector<LegendPlace> PlaceLegend(const LineChart& chart, int width) {
  std::vector<LegendPlace> places;
  LegendPlace next;
  for (const ChartLine& line : chart.lines) {
    const double needs = 38 + 6.4 * static_cast<double>(line.name.size());
    if (next.x > kLeft && next.x + needs - 16 > width) next = {kLeft, next.y + kLegendRow};
    places.push_back(next);
    next.x += needs;
  }
  return places;
}

}  // namespace

std::string DrawLineChart(const LineChart& chart, int width, int height) {
  ValueRange xs, ys;
  for (const ChartLine& line : chart.lines) {
    for (double x : line.x) xs.Include(x);
    for (double y : line.y) ys.Include(y);
  }
  const bool whole = std::floor(xs.low) == xs.low && std::floor(xs.high) == xs.high;
  xs.Widen(false);
  ys.Widen(chart.percent);
  ys.AddMargin(0.04, chart.percent);
  const std::vector<LegendPlace> legend = PlaceLegend(chart, width);
  const double top = legend.empty() ? kTop : kTop + legend.back().y - legend.front().y;
  const double plot_width = width - kLeft - kRight, plot_height = height - top - kBottom;
  auto px = [&](double x) { return kLeft + (x - xs.low) / (xs.high - xs.low) * plot_width; };
  auto py = [&](double y) {
    return top + plot_height - (y - ys.low) / (ys.high - ys.low) * plot_height;
  };

  SvgDrawing svg(width, height, chart.title);
  const std::vector<double> y_ticks = RoundTicks(ys.low, ys.high, 5);
  const double y_step = TickStep(y_ticks);
  for (double tick : y_ticks) {
    svg.Line("grid", kLeft, py(tick), width - kRight, py(tick));
    svg.Text("tick", kLeft - 6, py(tick) + 4, Anchor::kEnd, TickLabel(tick, y_step, chart.percent));
  }
  const std::vector<double> x_ticks = CountTicks(xs, whole, width < 500 ? 4 : 8);
  const double x_step = TickStep(x_ticks);
  for (double tick : x_ticks) {
    svg.Text("tick", px(tick), height - kBottom + 16, Anchor::kMiddle,
             TickLabel(tick, x_step, false));
  }
  svg.Line("axis", kLeft, top + plot_height, width - kRight, top + plot_height);
  svg.Text("tick", kLeft + plot_width / 2, height - 4, Anchor::kMiddle, chart.x_label);

  for (size_t i = 0; i < chart.lines.size(); ++i) {
    const ChartLine& line = chart.lines[i];
    const std::string css = "line" + std::to_string(i % kColours);
    std::string path;
    bool pen_down = false;
    for (size_t k = 0; k < line.x.size() && k < line.y.size(); ++k) {
      if (!std::isfinite(line.y[k])) {
        pen_down = false;
        continue;
      }
      path += (pen_down       ? " L"
               : path.empty() ? "M"
                              : " M") +
              SvgNumber(px(line.x[k])) + " " + SvgNumber(py(line.y[k]));
      pen_down = true;
    }
    if (!path.empty()) svg.Path(css, path);
    if (!line.y.empty() && std::isfinite(line.y.back())) {
      const std::string value =
          chart.percent ? FormatPercent(line.y.back(), 2) : ValueText(line.y.back());
      svg.Circle("dot" + std::to_string(i % kColours), px(line.x.back()), py(line.y.back()), 3,
                 line.name + ": " + value);
    }
    svg.Path(css, "M" + SvgNumber(legend[i].x) + " " + SvgNumber(legend[i].y) + " l16 0");
    svg.Text("legend", legend[i].x + 21, legend[i].y + 4, Anchor::kStart, line.name);
  }
  return svg.Finish();
}

}  // namespace tinyformer
