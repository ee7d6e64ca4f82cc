#include <algorithm>

#include "report/plots.h"
#include "report/svg.h"

namespace tinyformer {

std::string DrawBarChart(const std::vector<Bar>& bars, int width) {
  constexpr int kRow = 22;
  size_t longest_label = 0, longest_value = 0;
  double highest = 0;
  for (const Bar& bar : bars) {
    longest_label = std::max(longest_label, bar.label.size());
    longest_value = std::max(longest_value, bar.value_text.size());
    highest = std::max(highest, bar.value);
  }
  const double label_width = std::min(7.2 * static_cast<double>(longest_label) + 8, width * 0.42);
  const double value_width = 6.6 * static_cast<double>(longest_value) + 10;
  const double room = std::max(width - label_width - value_width, 20.0);
  SvgDrawing svg(width, kRow * static_cast<int>(bars.size()) + 4, "bar chart");
  for (size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double top = kRow * static_cast<double>(i) + 2;
    const double length = highest > 0 ? bar.value / highest * room : 0;
    svg.Text("label", label_width - 8, top + 14, Anchor::kEnd, FitText(bar.label, label_width - 6));
    svg.Rect("bar", label_width, top + 2, std::max(length, 1.0), kRow - 6, 1, bar.tooltip);
    svg.Text("tick", label_width + length + 6, top + 14, Anchor::kStart, bar.value_text);
  }
  return svg.Finish();
}

std::string Responsive(const std::string& wide, const std::string& narrow) {
  return "<div class=\"wide\">\n" + wide + "</div>\n<div class=\"narrow\">\n" + narrow + "</div>\n";
}

}  // namespace tinyformer
