// What a plot's axis needs: the range of its values, round ticks, and their labels.
#pragma once

#include <limits>
#include <string>
#include <vector>

namespace tinyformer {

/// The range that values have; empty before the first finite one.
struct ValueRange {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Include(double value);  // nothing when it is not finite
  bool empty() const { return low > high; }
  /// Never empty and never a single value afterwards: that gets an axis around it, 5 points to both
  /// sides of a share, a tenth of any other value, 0.5 of 0.
  void Widen(bool share);
  /// By so large a part of itself on both sides; a share stays within [0, 1].
  void AddMargin(double part, bool share);
};

/// From where on a plot of these values shows them: the lowest, or, where few lie so far below the
/// others that these could not be told apart, three times the distance of the quartiles below the
/// first one. 0 without values.
double LowestShown(std::vector<double> values);

/// Round values that cover [low, high] in about `count` steps of 1, 2 or 5 times a power of ten.
std::vector<double> RoundTicks(double low, double high, int count);

/// The distance of these ticks; 1 where there is only one.
double TickStep(const std::vector<double>& ticks);

/// The tick in as many digits as tell it from its neighbours, small ones as "1e-5". percent: value
/// is a share.
std::string TickLabel(double value, double step, bool percent);

/// A value in this unit with a letter behind it and no superfluous digits: "0.5 M" rather than
/// "500 k", one unit for a whole axis.
struct AxisUnit {
  double size = 1;
  const char* letter = "";
  /// That of an axis from 0 to `end`.
  explicit AxisUnit(double end);
  std::string Label(double value) const;
};

}  // namespace tinyformer
