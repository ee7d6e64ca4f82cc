#include "compiler/cost/choose_kernels.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "compiler/cost/choose_strips.h"

namespace tinyformer {
namespace {

// The kernels that could compute each node, and which one it has now.
class Selection {
 public:
  Selection(const Graph& graph, const KernelLists& lists)
      : graph_(graph), options_(lists), chosen_(graph.nodes.size(), 0) {
    for (size_t i = 0; i < lists.size(); ++i) {
      costs_.emplace_back();
      for (const Kernel& kernel : lists[i]) {
        costs_[i].push_back(kernel.name.empty() ? LayerCost()
                                                : EstimateLayer(graph, graph.nodes[i], kernel));
      }
    }
  }

  std::vector<Kernel> Kernels() const {
    std::vector<Kernel> kernels;
    for (size_t i = 0; i < options_.size(); ++i) kernels.push_back(options_[i][chosen_[i]]);
    return kernels;
  }

  int64_t FlashBytes() const {
    int64_t bytes = 0;
    std::vector<std::string> names;
    for (size_t i = 0; i < options_.size(); ++i) {
      const std::string& name = options_[i][chosen_[i]].name;
      if (name.empty()) continue;
      names.push_back(name);
      bytes += Cost(i, chosen_[i]).weight_bytes + Cost(i, chosen_[i]).padding_bytes;
    }
    return bytes + EstimateCodeBytes(names);
  }

  using Score = std::function<double(const LayerCost& cost)>;

  // Bytes and cycles of all layers when none is sparse.
  LayerCost DenseTotal() const {
    LayerCost total;
    for (size_t i = 0; i < options_.size(); ++i) {
      total.weight_bytes += Cost(i, 0).weight_bytes;
      total.cycles += Cost(i, 0).cycles;
    }
    return total;
  }

  // Every node gets the kernel with the lowest score, the first of equals.
  void TakeLowest(const Score& score) {
    for (size_t i = 0; i < options_.size(); ++i) {
      if (options_[i].size() < 2) continue;
      double lowest = score(Cost(i, 0));
      chosen_[i] = 0;
      for (size_t j = 1; j < options_[i].size(); ++j) {
        const double value = score(Cost(i, j));
        if (value >= lowest) continue;
        lowest = value;
        chosen_[i] = j;
      }
    }
  }

  int64_t Cycles() const {
    int64_t cycles = 0;
    for (size_t i = 0; i < options_.size(); ++i) cycles += Cost(i, chosen_[i]).cycles;
    return cycles;
  }

  // Does without a kernel where that makes the total, with code, smaller; false when there is no
  // such kernel any more. The layers take what has the lowest score of the rest.
  bool DropKernel(const Score& score, const std::function<double()>& total) {
    const double before = total();
    std::set<std::string> used;
    for (size_t i = 0; i < options_.size(); ++i) used.insert(options_[i][chosen_[i]].name);
    for (const std::string& name : used) {
      const std::vector<size_t> kept = chosen_;
      bool possible = true;
      for (size_t i = 0; i < options_.size() && possible; ++i) {
        if (options_[i][chosen_[i]].name == name) possible = TakeLowestBut(name, i, score);
      }
      if (possible && total() < before) return true;
      chosen_ = kept;
    }
    return false;
  }

  // Makes the exchange that saves most bytes for each cycle lost; false when nothing saves bytes
  // any more.
  bool TradeCyclesForBytes() {
    double best_rate = 0;
    size_t best_node = 0, best_option = 0;
    for (size_t i = 0; i < options_.size(); ++i) {
      if (options_[i].size() < 2) continue;
      const LayerCost& now = Cost(i, chosen_[i]);
      for (size_t j = 0; j < options_[i].size(); ++j) {
        const LayerCost& other = Cost(i, j);
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

  // Tries kernels with less scratch at all layers where most bytes are alive; false when none makes
  // the arena smaller. `plan` is the smallest of the kernels chosen, before and after.
  bool ShrinkPeaks(Plan& plan) {
    const std::vector<size_t> kept = chosen_;
    for (size_t rank = 0; TakeLessScratch(PeakNodes(plan), rank); ++rank) {
      Plan smaller = SmallestPlan(graph_, Kernels());
      if (smaller.arena_bytes < plan.arena_bytes) {
        plan = std::move(smaller);
        return true;
      }
      chosen_ = kept;
    }
    chosen_ = kept;
    return false;
  }

 private:
  // The option with the lowest score that is not this kernel; false when there is none.
  bool TakeLowestBut(const std::string& name, size_t node, const Score& score) {
    bool found = false;
    double lowest = 0;
    for (size_t j = 0; j < options_[node].size(); ++j) {
      if (options_[node][j].name == name) continue;
      const double value = score(Cost(node, j));
      if (found && value >= lowest) continue;
      found = true;
      lowest = value;
      chosen_[node] = j;
    }
    return found;
  }

  static std::vector<size_t> PeakNodes(const Plan& plan) {
    std::vector<size_t> nodes;
    const int peak = PeakLayer(plan);
    if (peak < 0) return nodes;
    for (size_t layer = 0; layer < plan.layers.size(); ++layer) {
      if (plan.live_bytes[layer] < plan.live_bytes[static_cast<size_t>(peak)]) continue;
      nodes.push_back(static_cast<size_t>(plan.layers[layer].node));
    }
    return nodes;
  }

  // Each node takes the kernel of this rank, or its last, among those with less scratch than it has
  // now; false when no node has so many.
  bool TakeLessScratch(const std::vector<size_t>& nodes, size_t rank) {
    bool any = false;
    for (size_t node : nodes) {
      const std::vector<Kernel>& options = options_[node];
      const int64_t now = options[chosen_[node]].scratch_bytes;
      size_t found = 0;
      for (size_t j = 0; j < options.size() && found <= rank; ++j) {
        if (options[j].scratch_bytes >= now) continue;
        chosen_[node] = j;
        any |= found++ == rank;
      }
    }
    return any;
  }

  const LayerCost& Cost(size_t node, size_t option) const { return costs_[node][option]; }

  const Graph& graph_;
  const KernelLists& options_;
  std::vector<std::vector<LayerCost>> costs_;  // of each option; nothing for a renaming
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
  return ChooseKernels(graph, ListKernels(graph, codec), codec, optimize, flash_limit_bytes);
}

std::vector<Kernel> ChooseKernels(const Graph& graph, const KernelLists& lists, CodecRequest codec,
                                  Optimize optimize, int64_t flash_limit_bytes) {
  Selection selection(graph, lists);
  const LayerCost dense = selection.DenseTotal();
  const Selection::Score bytes = [](const LayerCost& cost) {
    return static_cast<double>(cost.weight_bytes);
  };
  const Selection::Score cycles = [](const LayerCost& cost) {
    return static_cast<double>(cost.cycles);
  };
  const Selection::Score shares = [&](const LayerCost& cost) {
    return Share(cost.weight_bytes, dense.weight_bytes) + Share(cost.cycles, dense.cycles);
  };
  const auto flash = [&] { return static_cast<double>(selection.FlashBytes()); };
  // Who asks for a code gets it, whatever its kernels take.
  const bool code_counts = codec == CodecRequest::kAuto;
  switch (optimize) {
    case Optimize::kSize: {
      if (!code_counts) {
        selection.TakeLowest(bytes);
        break;
      }
      // Each start ends where no single kernel can be dropped; small models are smallest all dense.
      std::vector<Kernel> smallest = selection.Kernels();
      int64_t fewest = selection.FlashBytes();
      for (const Selection::Score& score : {bytes, shares, cycles}) {
        selection.TakeLowest(score);
        while (selection.DropKernel(bytes, flash)) {
        }
        if (selection.FlashBytes() >= fewest) continue;
        fewest = selection.FlashBytes();
        smallest = selection.Kernels();
      }
      return smallest;
    }
    case Optimize::kSpeed:
      selection.TakeLowest(cycles);
      while (selection.FlashBytes() > flash_limit_bytes && selection.TradeCyclesForBytes()) {
      }
      break;
    case Optimize::kBalanced:
    case Optimize::kRam:
      selection.TakeLowest(shares);
      while (code_counts && selection.DropKernel(shares, [&] {
        return Share(selection.FlashBytes(), dense.weight_bytes) +
               Share(selection.Cycles(), dense.cycles);
      })) {
      }
      if (optimize == Optimize::kRam) {
        Plan plan = SmallestPlan(graph, selection.Kernels());
        while (selection.ShrinkPeaks(plan)) {
        }
      }
  }
  return selection.Kernels();
}

}  // namespace tinyformer
