#include "search/point.h"

#include <algorithm>

#include "base/check.h"

namespace tinyformer {
namespace {

bool Contains(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

int ValueCount(const Axis& axis) { return static_cast<int>(axis.values.size()); }

int Draw(const Axis& axis, Rng& rng) {
  return static_cast<int>(rng.Below(static_cast<uint64_t>(axis.values.size())));
}

// Another index than `index`, uniformly.
int DrawOther(const Axis& axis, int index, Rng& rng) {
  const int step = 1 + static_cast<int>(rng.Below(static_cast<uint64_t>(ValueCount(axis) - 1)));
  return (index + step) % ValueCount(axis);
}

}  // namespace

std::vector<bool> IdleAxes(const std::vector<Axis>& axes, const Point& point) {
  TF_CHECK(point.size() == axes.size(), "point", point.size(), "axes", axes.size());
  std::vector<bool> idle(axes.size());
  for (size_t i = 1; i < axes.size(); ++i)
    idle[i] = axes[i].idle_at && (idle[i - 1] || Contains(*axes[i].idle_at, point[i - 1]));
  return idle;
}

Point Canonical(const std::vector<Axis>& axes, Point point) {
  const std::vector<bool> idle = IdleAxes(axes, point);
  for (size_t i = 0; i < point.size(); ++i)
    if (idle[i]) point[i] = 0;
  return point;
}

bool IsPointOf(const std::vector<Axis>& axes, const Point& point) {
  if (point.size() != axes.size()) return false;
  for (size_t i = 0; i < axes.size(); ++i)
    if (point[i] < 0 || point[i] >= ValueCount(axes[i])) return false;
  return Canonical(axes, point) == point;
}

Point RandomPoint(const std::vector<Axis>& axes, Rng& rng) {
  Point point;
  for (const Axis& axis : axes) point.push_back(Draw(axis, rng));
  return Canonical(axes, std::move(point));
}

Point Mutate(const std::vector<Axis>& axes, const Point& point, double rate, Rng& rng) {
  TF_CHECK(IsPointOf(axes, point), "axes", axes.size());
  const std::vector<bool> was_idle = IdleAxes(axes, point);
  std::vector<size_t> free;  // may change
  for (size_t i = 0; i < axes.size(); ++i)
    if (!was_idle[i] && ValueCount(axes[i]) > 1) free.push_back(i);
  if (free.empty()) return point;

  Point changed = point;
  for (size_t i : free)
    if (rng.Chance(rate)) changed[i] = DrawOther(axes[i], point[i], rng);
  if (changed == point) {
    const size_t i = free[rng.Below(free.size())];
    changed[i] = DrawOther(axes[i], point[i], rng);
  }
  for (size_t i = 0; i < axes.size(); ++i)
    if (was_idle[i]) changed[i] = Draw(axes[i], rng);
  return Canonical(axes, std::move(changed));
}

Point Crossover(const std::vector<Axis>& axes, const Point& a, const Point& b, Rng& rng) {
  TF_CHECK(IsPointOf(axes, a) && IsPointOf(axes, b), "axes", axes.size());
  Point child;
  for (size_t i = 0; i < axes.size(); ++i) child.push_back(rng.Chance(0.5) ? a[i] : b[i]);
  // An axis that became idle did so with an index of one parent, in which it is 0, too.
  return Canonical(axes, std::move(child));
}

double CountPoints(const std::vector<Axis>& axes) {
  // From the last axis back: points of axis i and of those that depend on it; a chain's first axis
  // multiplies the total.
  double total = 1, chain = 1;
  std::vector<int> idle_at;  // of the axis after this one, empty when it does not depend on this
  bool follows = false;
  for (size_t i = axes.size(); i-- > 0;) {
    const double idle = follows ? static_cast<double>(idle_at.size()) : 0;
    chain = follows ? idle + (ValueCount(axes[i]) - idle) * chain : ValueCount(axes[i]);
    follows = axes[i].idle_at.has_value();
    if (follows) {
      idle_at = *axes[i].idle_at;
    } else {
      total *= chain;
    }
  }
  return total;
}

}  // namespace tinyformer
