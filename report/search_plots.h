// Drawings of a search as inline SVG: plain text out of plain values, as in report/plots.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/reported_search.h"

namespace tinyformer {

/// A point of a scatter plot; css_class is one of the style sheet.
struct ScatterPoint {
  double x = 0, y = 0;
  std::string css_class, tooltip;
  double radius = 4;
  std::string label;  // beside it; empty: none
};

/// Points over two axes; later points lie on top of earlier ones.
struct ScatterChart {
  std::string title, x_label;
  bool percent_x = false;  // x is a share in [0, 1]; y always is
  std::vector<ScatterPoint> points;
  /// A line that goes right, then up: y from one x to the next. Ascending in x.
  std::vector<std::pair<double, double>> steps = {};
  /// A value of x that is marked; where it lies far beyond all points, an arrow says so.
  std::optional<double> limit = std::nullopt;
  std::string limit_name = {};
};

/// `width` and `height` in CSS pixels, at least 240 x 160. Points that are not finite are left out.
std::string DrawScatter(const ScatterChart& chart, int width, int height);

/// Dots on one axis of shares, one row a group, with the group's median.
struct StripRow {
  std::string name, css_class;
  std::vector<double> values;
  std::vector<std::string> tooltips;  // as many
};
std::string DrawStrips(const std::vector<StripRow>& rows, int width);

/// Every trial that has a value or failed, stage by stage in the order of their numbers, the best
/// so far as a step line; bands are generations.
std::string DrawEvolution(const ReportedSearch& search, int width, int height);

/// Which worker was at which trial when, one row a worker; lost attempts are not known. The twelve
/// workers that made most trials.
std::string DrawWorkers(const ReportedSearch& search, int width);

/// What one part of the network weighs: measured in the firmware, where that is known.
struct PartUse {
  int64_t weights = 0;                  // before pruning
  std::optional<double> sparsity;       // measured: share of zero blocks, [0, 1]
  std::optional<int64_t> weight_bytes;  // in flash
  std::optional<int64_t> cycles;        // estimated, of all layers of the part
};

/// The network from the image to the classes, a box a part, with shapes between them; beside each
/// part its sparsity, bytes and cycles where the drawing is at least 700 pixels wide, inside the
/// box otherwise. uses: one a part.
std::string DrawArchitecture(const ReportedSearch& search, const std::vector<PartUse>& uses,
                             int width);

/// A bar for each value of each axis, to the right when it is better than the mean, to the left
/// when it is worse. `span`: the difference at the end of the longest bar, above 0.
std::string DrawChoices(const std::vector<ReportedChoice>& choices, double span, int width);

}  // namespace tinyformer
