#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/format.h"
#include "report/plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

constexpr size_t kMostPrintedClasses = 20;

std::string ClassName(const std::vector<std::string>& names, size_t index) {
  return index < names.size() ? names[index] : std::to_string(index);
}

}  // namespace

std::string DrawConfusionMatrix(const std::vector<std::vector<int64_t>>& counts,
                                const std::vector<std::string>& class_names, int width) {
  const size_t classes = counts.size();
  const bool printed = classes <= kMostPrintedClasses;
  size_t longest = 1;
  for (size_t i = 0; i < classes; ++i) {
    longest = std::max(longest, ClassName(class_names, i).size());
  }
  const double names_room = printed ? 6.4 * static_cast<double>(longest) : 0;
  const double left = printed ? std::min(names_room + 10, width * 0.26) : 8;
  const double top = printed ? std::min(names_room * 0.87 + 18, width * 0.26) : 8;
  const double recall_room = printed ? 48 : 0;
  const double cell = (width - left - recall_room - 4) / std::max<double>(classes, 1);
  const int height = static_cast<int>(top + cell * static_cast<double>(classes) + 8);
  SvgDrawing svg(width, height, "confusion matrix");
  if (printed) svg.Text("tick", width - 4, top - 8, Anchor::kEnd, "right");
  for (size_t t = 0; t < classes; ++t) {
    const int64_t total = std::accumulate(counts[t].begin(), counts[t].end(), int64_t{0});
    const double y = top + cell * static_cast<double>(t);
    const std::string truth = ClassName(class_names, t);
    for (size_t p = 0; p < classes; ++p) {
      const double x = left + cell * static_cast<double>(p);
      const double share =
          total > 0 ? static_cast<double>(counts[t][p]) / static_cast<double>(total) : 0;
      // Wrong answers are few: their square root keeps 1 % visible beside 90 %.
      const double strength =
          t == p ? 0.15 + 0.85 * share : std::min(1.0, 1.8 * std::sqrt(share) * 0.9);
      svg.Rect("cell", x, y, cell - 1, cell - 1);
      if (counts[t][p] > 0) {
        svg.Rect(t == p ? "hit" : "miss", x, y, cell - 1, cell - 1, strength,
                 truth + " called " + ClassName(class_names, p) + ": " + GroupDigits(counts[t][p]) +
                     " (" + FormatPercent(share, 1) + ")");
      }
      if (printed && counts[t][p] > 0) {
        svg.Text(t == p && share > 0.4 ? "count strong" : "count", x + (cell - 1) / 2,
                 y + cell / 2 + 3.5, Anchor::kMiddle, std::to_string(counts[t][p]));
      }
    }
    if (!printed) continue;
    svg.Text("label", left - 6, y + cell / 2 + 4, Anchor::kEnd, FitText(truth, left - 6));
    svg.SlantedText("label", left + cell * (static_cast<double>(t) + 0.5) + 2, top - 6,
                    FitText(truth, (top - 6) / 0.87));
    if (total > 0) {
      svg.Text("tick", width - 4, y + cell / 2 + 4, Anchor::kEnd,
               FormatPercent(static_cast<double>(counts[t][t]) / static_cast<double>(total), 1));
    }
  }
  return svg.Finish();
}

}  // namespace tinyformer
