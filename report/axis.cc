#include "report/axis.h"

#include <algorithm>
#include <cmath>

#include "report/format.h"

namespace tinyformer {
namespace {

int DecimalsFor(double step) {
  return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 6);
}

}  // namespace

void ValueRange::Include(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

void ValueRange::Widen(bool share) {
  if (empty()) low = 0, high = 1;
  // Values that differ by rounding only are one: between them no tick can be.
  if (high - low > 1e-12 * std::max(std::abs(low), std::abs(high))) return;
  const double half = share ? 0.05 : low == 0 ? 0.5 : std::abs(low) * 0.1;
  low -= half, high += half;
  if (share) low = std::max(low, 0.0), high = std::min(high, 1.0);
}

void ValueRange::AddMargin(double part, bool share) {
  const double margin = (high - low) * part;
  low = low >= 0 || share ? std::max(0.0, low - margin) : low - margin;
  high = share ? std::min(1.0, high + margin) : high + margin;
}

double LowestShown(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t last = values.size() - 1;
  const double q1 = values[last / 4], q3 = values[last - last / 4];
  const double fence = q1 - 3 * (q3 - q1);
  if (values.size() < 5 || q1 == q3) return values.front();
  return *std::lower_bound(values.begin(), values.end(), fence);
}

std::vector<double> RoundTicks(double low, double high, int count) {
  if (!(high > low)) return {low};
  const double raw = (high - low) / std::max(count, 1);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = power * 10;
  for (double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power * (1 + 1e-9)) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (double at = first; at * step <= high + step * 1e-9; ++at) ticks.push_back(at * step);
  return ticks;
}

double TickStep(const std::vector<double>& ticks) {
  return ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
}

std::string TickLabel(double value, double step, bool percent) {
  if (percent) return FormatFixed(value * 100, DecimalsFor(step * 100)) + " %";
  if (std::abs(value) >= 10000) return FormatShort(value);
  // Small steps (a learning rate) would need many digits.
  if (step < 1e-4 && value != 0) {
    const double digits =
        std::floor(std::log10(std::abs(value)) + 1e-9) - std::floor(std::log10(step) + 1e-9);
    return FormatScientific(value, std::clamp(static_cast<int>(digits), 0, 6));
  }
  return FormatFixed(value, DecimalsFor(step));
}

AxisUnit::AxisUnit(double end)
    : size(end >= 1e6   ? 1e6
           : end >= 1e3 ? 1e3
                        : 1),
      letter(end >= 1e6   ? " M"
             : end >= 1e3 ? " k"
                          : "") {}

std::string AxisUnit::Label(double value) const {
  if (value == 0) return "0";
  std::string text = FormatFixed(value / size, 2);
  while (text.ends_with("0")) text.pop_back();
  if (text.ends_with(".")) text.pop_back();
  return text + letter;
}

}  // namespace tinyformer
