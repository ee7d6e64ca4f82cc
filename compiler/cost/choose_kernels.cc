#include "compiler/cost/choose_kernels.h"

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "compiler/cost/choose_strips.h"

namespace tinyformer {
namespace {

// The kernels that could compute each node, and which one it has now.
class Selection {
 public:
  Selection(const Graph& graph, CodecRequest codec)
      : graph_(graph), chosen_(graph.nodes.size(), 0) {
    for (const Node& node : graph.nodes) options_.push_back(ListKernels(graph, node, codec));
  }

  std::vector<Kernel> Kernels() const {
    std::vector<Kernel> kernels;
    for (size_t i = 0; i < options_.size(); ++i) kernels.push_back(options_[i][chosen_[i]]);
    return kernels;
  }

  using Score = std::function<double(const LayerCost& cost, const LayerCost& dense)>;

  // Every node gets the kernel with the lowest score, the first of equals.
  void TakeLowest(const Score& score) {
    for (size_t i = 0; i < options_.size(); ++i) {
      if (options_[i].size() < 2) continue;
      const LayerCost dense = Cost(i, 0);
      double lowest = score(dense, dense);
      chosen_[i] = 0;
      for (size_t j = 1; j < options_[i].size(); ++j) {
        const double value = score(Cost(i, j), dense);
        if (value >= lowest) continue;
        lowest = value;
        chosen_[i] = j;
      }
    }
  }

  // Makes the exchange that saves most bytes for each cycle lost; false when nothing saves bytes
  // any more.
  bool TradeCyclesForBytes() {
    double best_rate = 0;
    size_t best_node = 0, best_option = 0;
    for (size_t i = 0; i < options_.size(); ++i) {
      if (options_[i].size() < 2) continue;
      const LayerCost now = Cost(i, chosen_[i]);
      for (size_t j = 0; j < options_[i].size(); ++j) {
        const LayerCost other = Cost(i, j);
        const auto saved = static_cast<double>(now.weight_bytes - other.weight_bytes);
        const auto lost = static_cast<double>(std::max<int64_t>(1, other.cycles - now.cycles));
        if (saved / lost <= best_rate) continue;
        best_rate = saved / lost;
        best_node = i;
        best_option = j;
      }
    }
    if (best_rate > 0) chosen_[best_node] = best_option;
    return best_rate > 0;
  }

  // Tries the kernels with less scratch at the peak layer; false when none makes the arena smaller.
  bool ShrinkPeak() {
    const Plan plan = SmallestPlan(graph_, Kernels());
    const int peak = PeakLayer(plan);
    if (peak < 0) return false;
    const auto node = static_cast<size_t>(plan.layers[static_cast<size_t>(peak)].node);
    const size_t before = chosen_[node];
    for (size_t j = 0; j < options_[node].size(); ++j) {
      if (options_[node][j].scratch_bytes >= options_[node][before].scratch_bytes) continue;
      chosen_[node] = j;
      if (SmallestPlan(graph_, Kernels()).arena_bytes < plan.arena_bytes) return true;
    }
    chosen_[node] = before;
    return false;
  }

 private:
  LayerCost Cost(size_t node, size_t option) const {
    return EstimateLayer(graph_, graph_.nodes[node], options_[node][option]);
  }

  const Graph& graph_;
  std::vector<std::vector<Kernel>> options_;
  std::vector<size_t> chosen_;
};

double Share(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

}  // namespace

Optimize ParseOptimize(const std::string& text) {
  if (text == "balanced") return Optimize::kBalanced;
  if (text == "speed") return Optimize::kSpeed;
  if (text == "size") return Optimize::kSize;
  if (text == "ram") return Optimize::kRam;
  throw Error("compile/optimize", "--optimize", "balanced, speed, size or ram", "'" + text + "'",
              "choose one of them; balanced weighs bytes and cycles equally");
}

std::vector<Kernel> ChooseKernels(const Graph& graph, CodecRequest codec, Optimize optimize,
                                  int64_t flash_limit_bytes) {
  Selection selection(graph, codec);
  switch (optimize) {
    case Optimize::kSize:
      selection.TakeLowest([](const LayerCost& cost, const LayerCost&) {
        return static_cast<double>(cost.weight_bytes);
      });
      break;
    case Optimize::kSpeed:
      selection.TakeLowest(
          [](const LayerCost& cost, const LayerCost&) { return static_cast<double>(cost.cycles); });
      while (EstimateUse(graph, MakePlan(graph, selection.Kernels()), 0).flash_bytes >
                 flash_limit_bytes &&
             selection.TradeCyclesForBytes()) {
      }
      break;
    case Optimize::kBalanced:
    case Optimize::kRam:
      selection.TakeLowest([](const LayerCost& cost, const LayerCost& dense) {
        return Share(cost.weight_bytes, dense.weight_bytes) + Share(cost.cycles, dense.cycles);
      });
      while (optimize == Optimize::kRam && selection.ShrinkPeak()) {
      }
  }
  return selection.Kernels();
}

}  // namespace tinyformer
