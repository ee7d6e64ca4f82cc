#include "compiler/cost/choose_strips.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "compiler/cost/layer_table.h"

namespace tinyformer {
namespace {

using Schedules = std::vector<StripSchedule>;

int OutputRows(const Graph& graph, const StripChain& chain) {
  return StripShapeOf(graph, {chain, 1, 0, 0, 0}).out_h;
}

// Searches schedules for one graph and its kernels.
class Search {
 public:
  Search(const Graph& graph, const std::vector<Kernel>& kernels)
      : graph_(graph), kernels_(kernels), chains_(FindStripChains(graph)) {}

  // As few chains of one row as bring the arena to the limit, or as small as they can.
  Plan Shrink(int64_t limit_bytes) {
    Plan plan = PlanOf({});
    while (plan.arena_bytes > limit_bytes && ShrinkPeak(plan)) {
    }
    return plan;
  }

  Schedules Run(int64_t limit_bytes) {
    const Plan plan = Shrink(limit_bytes);
    const int64_t most = std::max(plan.arena_bytes, limit_bytes);
    for (size_t i = schedules_.size(); i-- > 0;) Relax(i, most);
    return schedules_;
  }

 private:
  Plan PlanOf(const Schedules& schedules) const {
    return MakePlan(graph_, kernels_, schedules, {}, Placement::kFewestBytes);
  }

  bool Taken(const StripChain& chain) const {
    return std::any_of(schedules_.begin(), schedules_.end(),
                       [&](const StripSchedule& s) { return s.chain.first == chain.first; });
  }

  // Takes the chain of the layer at the peak when that helps: a smaller arena, or less alive at the
  // layers where most is.
  bool ShrinkPeak(Plan& plan) {
    const int peak = PeakLayer(plan);
    if (peak < 0) return false;
    const int node = plan.layers[static_cast<size_t>(peak)].node;
    for (const StripChain& chain : chains_) {
      if (node < chain.first || chain.last < node || Taken(chain)) continue;
      Schedules changed = schedules_;
      changed.push_back(MakeStripSchedule(graph_, kernels_, chain, 1));
      Plan smaller = PlanOf(changed);
      if (Pressure(smaller) >= Pressure(plan)) return false;
      schedules_ = std::move(changed);
      plan = std::move(smaller);
      return true;
    }
    return false;
  }

  static std::pair<int64_t, std::vector<int64_t>> Pressure(const Plan& plan) {
    std::vector<int64_t> live = plan.live_bytes;
    std::sort(live.begin(), live.end(), std::greater<>());
    return {plan.arena_bytes, live};
  }

  static int64_t RoundedBytes(const StripSchedule& strips) {
    return AlignArena(strips.window_bytes + strips.output_bytes) + AlignArena(strips.scratch_bytes);
  }

  // In the layers of chain i, all the same: they run at the same time.
  static int64_t LiveBytes(const Plan& plan, size_t i) {
    const auto layer =
        std::find_if(plan.layers.begin(), plan.layers.end(),
                     [&](const LayerPlan& l) { return l.strips == static_cast<int>(i); });
    return plan.live_bytes.at(static_cast<size_t>(layer - plan.layers.begin()));
  }

  // Computes chain i whole, or by the highest strips, such that the arena has at most these bytes.
  void Relax(size_t i, int64_t most) {
    Schedules without = schedules_;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (PlanOf(without).arena_bytes <= most) {
      schedules_ = std::move(without);
      return;
    }
    const StripChain chain = schedules_[i].chain;
    // No layout is smaller than what is alive in the chain's layers, which needs no plan.
    const int64_t others = LiveBytes(PlanOf(schedules_), i) - RoundedBytes(schedules_[i]);
    for (int rows = OutputRows(graph_, chain) - 1; rows > 1; --rows) {
      Schedules higher = schedules_;
      higher[i] = MakeStripSchedule(graph_, kernels_, chain, rows);
      if (others + RoundedBytes(higher[i]) > most) continue;
      if (PlanOf(higher).arena_bytes > most) continue;
      schedules_ = std::move(higher);
      return;
    }
  }

  const Graph& graph_;
  const std::vector<Kernel>& kernels_;
  std::vector<StripChain> chains_;
  Schedules schedules_;
};

}  // namespace

std::vector<StripSchedule> ChooseStrips(const Graph& graph, const std::vector<Kernel>& kernels,
                                        int64_t arena_limit_bytes) {
  return Search(graph, kernels).Run(arena_limit_bytes);
}

Plan SmallestPlan(const Graph& graph, const std::vector<Kernel>& kernels) {
  return Search(graph, kernels).Shrink(0);
}

std::string StripTable(const Graph& graph, const Plan& plan) {
  std::string text;
  for (const StripSchedule& strips : plan.strips) {
    const Node& first = graph.nodes[static_cast<size_t>(strips.chain.first)];
    const Node& last = graph.nodes[static_cast<size_t>(strips.chain.last)];
    const Value& between = graph.value(first.outputs.at(0));
    text += "  " + first.name + " to " + last.name + ": " + std::to_string(strips.rows) +
            (strips.rows == 1 ? " row" : " rows") + " at a time, " +
            WithThousands(strips.window_bytes + strips.output_bytes) + " bytes in place of " +
            WithThousands(ElementCount(between.shape)) + "\n";
  }
  return text.empty() ? "" : "by strips of rows\n" + text;
}

}  // namespace tinyformer
