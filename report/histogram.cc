#include <algorithm>

#include "report/axis.h"
#include "report/format.h"
#include "report/plots.h"
#include "report/style.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr double kLeft = 52, kRight = 14, kTop = 44, kBottom = 38;
constexpr double kInset = 0.18;  // of a bin, on both sides: what is behind shows there
constexpr int kColours = 6;      // classes dot0..dot5 in the style sheet

}  // namespace

std::string DrawHistogram(const Histogram& histogram, int width, int height) {
  double highest = 1;
  size_t bins = 1;
  for (const HistogramSeries& series : histogram.series) {
    bins = std::max(bins, series.counts.size());
    for (int64_t count : series.counts) highest = std::max(highest, static_cast<double>(count));
  }
  const double end = histogram.bin_width * static_cast<double>(bins);
  const AxisUnit unit(end);
  const double plot_width = width - kLeft - kRight, plot_height = height - kTop - kBottom;
  const double bottom = kTop + plot_height;
  auto px = [&](double x) { return kLeft + std::clamp(x / end, 0.0, 1.0) * plot_width; };
  auto py = [&](double count) { return bottom - count / highest * plot_height; };

  SvgDrawing svg(width, height, histogram.title);
  const bool has_band = histogram.band_high > histogram.band_low;
  if (has_band && histogram.band_low >= end) {
    svg.Text("tick", width - kRight, kTop - 10, Anchor::kEnd,
             histogram.band_name + ": " + FormatShort(histogram.band_low) + " to " +
                 FormatShort(histogram.band_high) + ", beyond this plot →");
  } else if (has_band) {
    const double left = px(histogram.band_low), right = px(histogram.band_high);
    svg.Rect("band", left, kTop, right - left, plot_height);
    const double half = 3.2 * static_cast<double>(histogram.band_name.size());
    svg.Text("tick", std::clamp((left + right) / 2, kLeft + half, width - kRight - half), kTop - 10,
             Anchor::kMiddle, histogram.band_name);
  }
  for (double tick : RoundTicks(0, highest, 4)) {
    svg.Line("grid", kLeft, py(tick), width - kRight, py(tick));
    svg.Text("tick", kLeft - 6, py(tick) + 4, Anchor::kEnd,
             GroupDigits(static_cast<int64_t>(tick)));
  }
  for (double tick : RoundTicks(0, end, width < 500 ? 4 : 8))
    svg.Text("tick", px(tick), bottom + 16, Anchor::kMiddle, unit.Label(tick));
  svg.Text("tick", kLeft + plot_width / 2, height - 4, Anchor::kMiddle, histogram.x_label);
  svg.Text("tick", 0, kTop - 10, Anchor::kStart, histogram.y_label);

  double legend = kLeft;
  for (size_t i = 0; i < histogram.series.size(); ++i) {
    const HistogramSeries& series = histogram.series[i];
    const std::string css = "dot" + std::to_string(i % kColours);
    const double opacity = i == 0 ? 0.4 : 0.9;
    for (size_t bin = 0; bin < series.counts.size(); ++bin) {
      const int64_t count = series.counts[bin];
      if (count == 0) continue;
      const double from = histogram.bin_width * static_cast<double>(bin);
      const double bin_left = px(from), bin_right = px(from + histogram.bin_width);
      const double inset = i == 0 ? 0 : (bin_right - bin_left) * kInset;
      const double left = bin_left + inset, right = bin_right - inset;
      const std::string range = unit.Label(from) + " to " + unit.Label(from + histogram.bin_width);
      svg.Rect(css, left, py(static_cast<double>(count)), std::max(right - left - 1, 1.0),
               bottom - py(static_cast<double>(count)), opacity,
               series.name + ", " + range + ": " + GroupDigits(count));
    }
    svg.Rect(css, legend, 10, 12, 12, opacity);
    svg.Text("legend", legend + 17, 20, Anchor::kStart, series.name);
    legend += 38 + 6.4 * static_cast<double>(series.name.size());
  }
  svg.Line("axis", kLeft, bottom, width - kRight, bottom);
  return svg.Finish();
}

std::string StandaloneSvg(const std::string& drawing) {
  constexpr int kMargin = 16, kTitle = 28;
  const auto attribute = [&](const std::string& name) {
    const size_t from = drawing.find(" " + name + "=\"") + name.size() + 3;
    return drawing.substr(from, drawing.find('"', from) - from);
  };
  const std::string title = attribute("aria-label");  // escaped
  const std::string width = std::to_string(std::stoi(attribute("width")) + 2 * kMargin);
  const std::string height = std::to_string(std::stoi(attribute("height")) + 2 * kMargin + kTitle);
  std::string body = drawing.substr(drawing.find(">\n") + 2);
  body.resize(body.rfind("</svg>"));
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height +
         "\" width=\"" + width + "\" height=\"" + height + "\" role=\"img\" aria-label=\"" + title +
         "\" style=\"font-family: system-ui, sans-serif\">\n<style>" + kReportStyle + "</style>\n" +
         "<rect width=\"100%\" height=\"100%\" fill=\"var(--card)\"/>\n<text class=\"title\" x=\"" +
         std::to_string(kMargin) + "\" y=\"30\">" + title + "</text>\n<g transform=\"translate(" +
         std::to_string(kMargin) + " " + std::to_string(kMargin + kTitle) + ")\">\n" + body +
         "</g>\n</svg>\n";
}

}  // namespace tinyformer
