#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/search_plots.h"
#include "report/svg.h"

namespace tinyformer {
namespace {

std::string Signed(double points) {
  return (points < 0 ? "−" : "+") + FormatFixed(std::abs(points), 2);
}

std::string Tooltip(const ReportedChoice& choice) {
  std::string text = choice.axis + " = " + choice.value + ": mean " +
                     FormatPercent(choice.mean, 2) + " of " + GroupDigits(choice.count);
  return choice.error > 0
             ? text + ", standard error " + FormatFixed(choice.error * 100, 2) + " points"
             : text;
}

}  // namespace

std::string DrawChoices(const std::vector<ReportedChoice>& choices, double span, int width) {
  constexpr double kPale = 0.45;  // a single trial tells little
  constexpr double kRow = 20, kHeading = 26, kNumbers = 62;
  const double values = width > 500 ? 168 : 148;
  double height = 4;
  for (size_t i = 0; i < choices.size(); ++i) {
    const bool begins = i == 0 || choices[i].axis != choices[i - 1].axis;
    height += kRow + (begins ? kHeading : 0);
  }
  SvgDrawing svg(width, static_cast<int>(height), "what each choice was worth");
  const double room = (width - values - 8 - kNumbers) / 2, centre = values + 8 + room;
  double y = 0;
  for (size_t i = 0; i < choices.size(); ++i) {
    const ReportedChoice& choice = choices[i];
    if (i == 0 || choice.axis != choices[i - 1].axis) {
      svg.Text("label strong-text", 0, y + 18, Anchor::kStart, choice.axis);
      y += kHeading;
    }
    const double length = std::min(std::abs(choice.difference) / span, 1.0) * room;
    const bool better = choice.difference >= 0;
    svg.Text("tick", values - 38, y + 14, Anchor::kEnd, FitText(choice.value, values - 38));
    svg.Text("tick", values - 6, y + 14, Anchor::kEnd, "×" + std::to_string(choice.count));
    svg.Rect(better ? "bar" : "worse", better ? centre : centre - length, y + 3,
             std::max(length, 1.0), kRow - 6, choice.count > 1 ? 1 : kPale, Tooltip(choice));
    svg.Line("axis", centre, y, centre, y + kRow);
    if (choice.error > 0) {  // as far as the drawing goes
      const auto at = [&](double value) {
        return centre + std::clamp(value / span, -1.0, 1.0) * room;
      };
      svg.Line("whisker", at(choice.difference - choice.error), y + kRow / 2,
               at(choice.difference + choice.error), y + kRow / 2);
    }
    svg.Text("tick", width, y + 14, Anchor::kEnd, Signed(choice.difference * 100));
    y += kRow;
  }
  return svg.Finish();
}

}  // namespace tinyformer
