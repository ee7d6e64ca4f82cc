#include "compiler/fit.h"

#include <algorithm>

#include "compiler/cost/layer_table.h"

namespace tinyformer {
namespace {

std::string Bytes(int64_t bytes) { return WithThousands(bytes) + " bytes"; }

// By how much the last block of RAM overflows, and what the blocks before it hold.
std::string BlockText(const Plan& plan) {
  const size_t last = plan.space.blocks.size() - 1;
  std::string text = ExcessLine("RAM block '" + plan.space.blocks[last].front().name + "'",
                                plan.block_bytes[last], plan.space.Capacity(last));
  for (size_t block = 0; block < last; ++block) {
    text += "  block '" + plan.space.blocks[block].front().name + "' holds " +
            WithThousands(plan.block_bytes[block]) + " of " + Bytes(plan.space.Capacity(block)) +
            "; no tensor can lie across the gap between blocks\n";
  }
  return text;
}

// The layers whose constants take most flash, largest first.
std::string LargestLayers(const Graph& graph, const Plan& plan) {
  constexpr size_t kShown = 5;
  std::vector<LayerCost> costs = EstimateLayers(graph, plan);
  std::stable_sort(costs.begin(), costs.end(), [](const LayerCost& a, const LayerCost& b) {
    return a.weight_bytes > b.weight_bytes;
  });
  std::string text = "largest layers\n";
  for (size_t i = 0; i < std::min(kShown, costs.size()); ++i) {
    text += "  " + costs[i].name + ": " + Bytes(costs[i].weight_bytes) + "\n";
  }
  return text;
}

// The layer during which most bytes are alive in the last block of RAM.
int LastBlocksPeak(const Plan& plan) {
  const size_t last = plan.space.blocks.size() - 1;
  std::vector<int64_t> live(plan.layers.size());
  for (const TensorPlan& tensor : plan.tensors) {
    if (plan.space.BlockOf(tensor.offset) != last) continue;
    for (int layer = tensor.first_layer; layer <= tensor.last_layer; ++layer)
      live[static_cast<size_t>(layer)] += AlignArena(tensor.bytes);
  }
  return static_cast<int>(std::max_element(live.begin(), live.end()) - live.begin());
}

// What is alive in the layer that needs most, and in which block of RAM where there are several.
std::string PeakTensors(const Graph& graph, const Plan& plan, bool last_block) {
  const int peak = last_block ? LastBlocksPeak(plan) : PeakLayer(plan);
  if (peak < 0) return "";
  const LayerPlan& layer = plan.layers[static_cast<size_t>(peak)];
  std::string text = "alive at the peak, layer " + std::to_string(peak + 1) + " '" +
                     graph.nodes[static_cast<size_t>(layer.node)].name + "'\n";
  for (const TensorPlan& tensor : plan.tensors) {
    if (tensor.first_layer > peak || peak > tensor.last_layer) continue;
    text += "  " + tensor.name + ": " + Bytes(tensor.bytes);
    if (plan.space.blocks.size() > 1) {
      const size_t block = plan.space.BlockOf(tensor.offset);
      text += " in block '" + plan.space.blocks[block].front().name + "'";
    }
    text += "\n";
  }
  return text;
}

// "which fits", or what is still missing.
std::string Verdict(const Excess& excess) {
  if (excess.None()) return "which fits";
  std::string text = "still ";
  if (excess.flash > 0) text += Bytes(excess.flash) + " of flash";
  if (excess.flash > 0 && excess.AnyRam() > 0) text += " and ";
  if (excess.AnyRam() > 0) text += Bytes(excess.AnyRam()) + " of RAM";
  return text + " too many";
}

// Collects what was tried, and how many bytes the best of it leaves too many.
class Advice {
 public:
  Advice(const Graph& graph, const CompileOptions& options, const Excess& excess)
      : graph_(graph),
        options_(options),
        least_{excess.flash, excess.AnyRam(), 0},
        found_(excess) {}

  std::string Text() {
    if (found_.flash > 0) TryOption(CodecRequest::kAuto, Optimize::kSize, "size");
    if (found_.AnyRam() > 0) TryOption(options_.codec, Optimize::kRam, "ram");
    for (const TargetLimits& target : options_.other_targets) TryTarget(target);
    if (!option_fits_) AskForLess();
    return text_;
  }

 private:
  void TryOption(CodecRequest codec, Optimize optimize, const std::string& name) {
    CompileOptions other = options_;
    other.codec = codec;
    other.optimize = optimize;
    other.kernels.clear();
    const PlannedNetwork planned = PlanNetwork(graph_, other);
    const Excess excess = ExcessOf(other.target, planned, 0);
    const bool helps = optimize == Optimize::kSize ? excess.flash < found_.flash
                                                   : excess.AnyRam() < found_.AnyRam();
    if (!helps) return;
    least_.flash = std::min(least_.flash, excess.flash);
    least_.ram = std::min(least_.AnyRam(), excess.AnyRam());
    option_fits_ = option_fits_ || excess.None();
    text_ += std::string("  ") + (codec == options_.codec ? "" : "--codec auto ") + "--optimize " +
             name + " takes " + Bytes(planned.use.flash_bytes) + " of flash and " +
             Bytes(planned.use.sram_peak_bytes) + " of RAM, " + Verdict(excess) + "\n";
  }

  void TryTarget(const TargetLimits& target) {
    CompileOptions other = options_;
    other.target = target;
    if (ExcessOf(target, PlanNetwork(graph_, other), 0).None())
      text_ += "  --target " + target.name + " fits\n";
  }

  void AskForLess() {
    if (least_.flash > 0) {
      text_ += "  at least " + Bytes(least_.flash) +
               " less of weights: prune the largest layers more (tinyformer compress --sparsity), "
               "or make "
               "them narrower\n";
    }
    if (least_.ram > 0) {
      text_ +=
          "  at least " + Bytes(least_.ram) +
          " less of tensors at the peak: fewer channels, a smaller expansion, a smaller image\n";
    }
  }

  const Graph& graph_;
  const CompileOptions& options_;
  Excess least_;
  const Excess found_;
  bool option_fits_ = false;
  std::string text_;
};

}  // namespace

std::string ExcessLine(const std::string& what, int64_t bytes, int64_t limit) {
  return what + ": " + Bytes(bytes) + " of " + WithThousands(limit) + ", " +
         WithThousands(bytes - limit) + " too many\n";
}

Fit CheckFit(const Graph& graph, const CompileOptions& options, const PlannedNetwork& planned) {
  const auto& [plan, use] = planned;
  const TargetLimits& target = options.target;
  const Excess excess = ExcessOf(target, planned, options.flash_slack_bytes);
  Fit fit;
  fit.ok = excess.None();
  if (fit.ok) return fit;
  fit.why =
      "model '" + graph.name + "' does not fit " + target.name + " (estimated before building)\n";
  if (excess.flash > 0) fit.why += ExcessLine("flash", use.flash_bytes, target.flash_bytes);
  if (excess.block > 0) fit.why += BlockText(plan);
  if (excess.ram > 0) {
    fit.why += ExcessLine("RAM", use.sram_peak_bytes, target.ram_bytes);
    fit.why += "  arena " + Bytes(plan.arena_bytes) + ", stack " + Bytes(target.stack_bytes) + "\n";
  }
  if (excess.flash > 0) fit.why += LargestLayers(graph, plan);
  if (excess.AnyRam() > 0) fit.why += PeakTensors(graph, plan, excess.block > 0);
  fit.why += "what would help\n" + Advice(graph, options, excess).Text();
  fit.why.pop_back();  // the last newline
  return fit;
}

}  // namespace tinyformer
