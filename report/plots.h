// Charts as inline SVG: plain text out of plain values, coloured by the page's style sheet
// (report/style.h).
//
// Every chart is made for one width in CSS pixels; a page that is read on a desktop and on a phone
// holds each chart twice and shows one (Responsive). Texts are escaped here. The same values give
// the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/report_input.h"

namespace tinyformer {

/// One line of a chart; x and y have the same length, x ascends. NaN in y leaves a gap.
struct ChartLine {
  std::string name;
  std::vector<double> x, y;
};

/// Lines over a common x axis, with round ticks and a legend.
struct LineChart {
  std::string title, x_label;
  std::vector<ChartLine> lines;
  bool percent = false;  // y is a share in [0, 1], shown as a percentage
};

/// One bar with its value in words, and what a pointer that rests on it reads.
struct Bar {
  std::string label;
  double value = 0;  // >= 0
  std::string value_text, tooltip;
};

/// Counts of one kind; the i-th is of values from i to i + 1 times the histogram's bin width.
struct HistogramSeries {
  std::string name;
  std::vector<int64_t> counts;
};

/// Counts over values from 0, several kinds in front of each other: the first is the furthest
/// behind and the widest.
struct Histogram {
  std::string title, x_label, y_label;
  double bin_width = 1;
  std::vector<HistogramSeries> series;
  double band_low = 0, band_high = 0;  // shaded, or named where it is beyond; none when equal
  std::string band_name;
};

/// `width` and `height` in CSS pixels, at least 240 x 120.
std::string DrawLineChart(const LineChart& chart, int width, int height);

/// `width` and `height` in CSS pixels, at least 240 x 140.
std::string DrawHistogram(const Histogram& histogram, int width, int height);

/// Horizontal bars from the same zero, one row of 22 pixels each, the label left of the bar, the
/// value right of it.
std::string DrawBarChart(const std::vector<Bar>& bars, int width);

/// Rows are the true classes, columns what the model said; a cell's strength is its share of the
/// row. counts is square; class_names may be shorter (numbers are shown instead). Counts are
/// printed up to 20 classes.
std::string DrawConfusionMatrix(const std::vector<std::vector<int64_t>>& counts,
                                const std::vector<std::string>& class_names, int width);

/// The arena over time: a tensor is a rectangle from its first to its last layer (across) and from
/// its offset to its end (up). The layer with the most live bytes is marked, the arena's size is a
/// line; below, the live bytes of every layer.
std::string DrawMemoryMap(const ReportedPlan& plan, int width, int height);

/// The layer with the most live bytes (the first of equals), 0 when there is no layer.
size_t PeakLayer(const ReportedPlan& plan);

/// A drawing as a file of its own: with name space, its title above it, a margin, background and
/// style sheet.
std::string StandaloneSvg(const std::string& drawing);

/// Both drawings, of which the style sheet shows the one that the screen has room for.
std::string Responsive(const std::string& wide, const std::string& narrow);

}  // namespace tinyformer
