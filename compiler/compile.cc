#include "compiler/compile.h"

#include <algorithm>

#include "base/rng.h"
#include "compiler/cost/choose_strips.h"
#include "compiler/cost/explain.h"
#include "compiler/cost/layer_table.h"
#include "compiler/emit/plan_json.h"
#include "compiler/quantize/evaluate_quantized.h"

namespace tinyformer {
namespace {

std::string Bytes(int64_t bytes) { return WithThousands(bytes) + " bytes"; }

// "flash: 1,060,921 bytes of 1,048,576, 12,345 too many"
std::string Excess(const std::string& what, int64_t bytes, int64_t limit) {
  return what + ": " + Bytes(bytes) + " of " + WithThousands(limit) + ", " +
         WithThousands(bytes - limit) + " too many\n";
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

std::string PeakTensors(const Graph& graph, const Plan& plan) {
  const int peak = PeakLayer(plan);
  if (peak < 0) return "";
  const LayerPlan& layer = plan.layers[static_cast<size_t>(peak)];
  std::string text = "alive at the peak, layer " + std::to_string(peak + 1) + " '" +
                     graph.nodes[static_cast<size_t>(layer.node)].name + "'\n";
  for (const TensorPlan& tensor : plan.tensors) {
    if (tensor.first_layer <= peak && peak <= tensor.last_layer) {
      text += "  " + tensor.name + ": " + Bytes(tensor.bytes) + "\n";
    }
  }
  return text;
}

std::string FlashHelp(const Graph& graph, const CompileOptions& options, int64_t flash_bytes) {
  const ResourceUse smallest = EstimateUse(
      graph, MakePlan(graph, ChooseKernels(graph, CodecRequest::kAuto, Optimize::kSize, 0)), 0);
  const int64_t limit = options.target.flash_bytes;
  if (smallest.flash_bytes < flash_bytes) {
    return "  --codec auto --optimize size takes " + Bytes(smallest.flash_bytes) +
           (smallest.flash_bytes <= limit ? ", which fits\n" : ", still too many\n");
  }
  return "  prune the largest layers more (tinyformer compress --sparsity), or make them "
         "narrower\n";
}

std::string RamHelp(const Graph& graph, const CompileOptions& options, const Plan& plan) {
  const std::vector<Kernel> kernels = ChooseKernels(graph, options.codec, Optimize::kRam, 0);
  const Plan smallest =
      MakePlan(graph, kernels, ChooseStrips(graph, kernels, 0), options.target.arena);
  std::string text;
  if (smallest.arena_bytes < plan.arena_bytes) {
    text += "  --optimize ram needs an arena of " + Bytes(smallest.arena_bytes) + "\n";
  }
  if (plan.arena_bytes == plan.arena_lower_bound_bytes) {
    text +=
        "  no placement can be smaller: the tensors at the peak must shrink (fewer channels, a "
        "smaller expansion, a smaller image)\n";
  } else {
    text +=
        "  the tensors at the peak must shrink (fewer channels, a smaller expansion, a smaller "
        "image)\n";
  }
  return text;
}

// Bytes by which the arena runs over the last block of RAM.
int64_t BlockExcess(const Plan& plan) {
  if (plan.space.blocks.size() < 2) return 0;  // the sum over RAM says it
  int64_t bytes = 0;
  for (const ArenaRegion& region : plan.space.blocks.back()) bytes += region.bytes;
  return std::max<int64_t>(0, plan.block_bytes.back() - bytes);
}

// "RAM from axi on: 600,000 bytes of 524,288, 75,712 too many", and what the blocks before hold.
std::string BlockText(const Plan& plan) {
  const size_t last = plan.space.blocks.size() - 1;
  std::string before;
  for (size_t block = 0; block < last; ++block) {
    before += "  " + plan.space.blocks[block].front().name + " holds " +
              Bytes(plan.block_bytes[block]) + " of the arena; no tensor can lie across the gap\n";
  }
  const int64_t excess = BlockExcess(plan), used = plan.block_bytes[last];
  return Excess("RAM block '" + plan.space.blocks[last].front().name + "'", used, used - excess) +
         before;
}

Fit CheckFit(const Graph& graph, const CompileOptions& options, const Plan& plan,
             const ResourceUse& use) {
  const TargetLimits& target = options.target;
  const bool flash = use.flash_bytes > target.flash_bytes + options.flash_slack_bytes;
  const bool sum = use.sram_peak_bytes > target.ram_bytes, block = BlockExcess(plan) > 0;
  const bool ram = sum || block;
  Fit fit;
  fit.ok = !flash && !ram;
  if (fit.ok) return fit;
  fit.why =
      "model '" + graph.name + "' does not fit " + target.name + " (estimated before building)\n";
  if (flash) fit.why += Excess("flash", use.flash_bytes, target.flash_bytes);
  if (block) fit.why += BlockText(plan);
  if (sum) {
    fit.why += Excess("RAM", use.sram_peak_bytes, target.ram_bytes);
    fit.why += "  arena " + Bytes(plan.arena_bytes) + ", stack " + Bytes(target.stack_bytes) + "\n";
  }
  if (flash) fit.why += LargestLayers(graph, plan);
  if (ram) fit.why += PeakTensors(graph, plan);
  fit.why += "what would help\n";
  if (flash) fit.why += FlashHelp(graph, options, use.flash_bytes);
  if (ram) fit.why += RamHelp(graph, options, plan);
  fit.why.pop_back();  // the last newline
  return fit;
}

Json Summary(const Graph& graph, const CompileOptions& options, const CompileResult& result) {
  int64_t weight_bytes = 0;
  for (const LayerCost& cost : EstimateLayers(graph, result.plan))
    weight_bytes += cost.weight_bytes;
  Json json;
  json["target"] = options.target.name;
  json["fits"] = result.fit.ok;
  json["sizes"] = "estimated";
  json["flash_bytes"] = result.use.flash_bytes;
  json["flash_estimate_bytes"] = result.use.flash_bytes;
  json["flash_limit_bytes"] = options.target.flash_bytes;
  json["code_bytes"] = result.use.flash_bytes - weight_bytes;
  json["weight_bytes"] = weight_bytes;
  json["ram_peak_bytes"] = result.use.sram_peak_bytes;
  json["ram_limit_bytes"] = options.target.ram_bytes;
  json["arena_bytes"] = result.plan.arena_bytes;
  json["arena_lower_bound_bytes"] = result.plan.arena_lower_bound_bytes;
  json["stack_bytes"] = options.target.stack_bytes;
  json["macs"] = result.use.macs;
  json["effective_macs"] = result.use.effective_macs;
  json["cycles_estimate"] = result.use.cycles;
  json["layers"] = LayersJson(graph, result.plan);
  for (size_t i = 0; i < result.plan.layers.size(); ++i) {
    json["layers"][i]["alternatives"] =
        AlternativesJson(ListAlternatives(graph, result.plan.layers[i], options.codec));
  }
  json["tensors"] = TensorsJson(result.plan);
  json["strips"] = StripsJson(graph, result.plan);
  if (!result.fit.ok) json["why"] = result.fit.why;
  return json;
}

}  // namespace

std::vector<int8_t> SelfTestInput(const Graph& graph) {
  Rng rng(1, "self-test input");
  std::vector<int8_t> input(
      static_cast<size_t>(ElementCount(graph.value(graph.inputs.at(0)).shape)));
  for (int8_t& byte : input) byte = static_cast<int8_t>(static_cast<int>(rng.Below(256)) - 128);
  return input;
}

CompileResult Compile(const Graph& graph, const CompileOptions& options) {
  CheckPrefix(options.prefix);
  CompileResult result;
  const std::vector<Kernel> kernels =
      options.kernels.empty()
          ? ChooseKernels(graph, options.codec, options.optimize, options.target.flash_bytes)
          : options.kernels;
  const int64_t arena_limit = options.optimize == Optimize::kRam
                                  ? 0
                                  : options.target.ram_bytes - options.target.stack_bytes;
  result.plan =
      MakePlan(graph, kernels, ChooseStrips(graph, kernels, arena_limit), options.target.arena);
  result.use = EstimateUse(graph, result.plan, options.target.stack_bytes);
  result.fit = CheckFit(graph, options, result.plan, result.use);
  result.summary = Summary(graph, options, result);
  result.tables = LayerTable(graph, result.plan) + "\n" + MemoryTable(graph, result.plan) +
                  StripTable(graph, result.plan);
  result.explanation =
      AlternativesTable(graph, result.plan, options.codec) + "\n" + TensorTable(result.plan);
  if (!result.fit.ok) return result;

  SelfTest test;
  test.input = SelfTestInput(graph);
  test.expected = EvaluateQuantized(graph, test.input);
  EmitOptions emit;
  emit.prefix = options.prefix;
  emit.target = options.target.name;
  emit.board_directory = options.target.board_directory;
  emit.engine_directory = options.engine_directory;
  if (options.optimize == Optimize::kSize) emit.optimization = "-Os";
  result.tree = EmitFirmware(graph, result.plan, test, emit);
  return result;
}

void UpdateSummary(const LinkedSize& linked, const TargetLimits& target, CompileResult& result) {
  result.use.flash_bytes = linked.flash_bytes;
  result.use.sram_peak_bytes = linked.ram_bytes;
  const bool flash = linked.flash_bytes > target.flash_bytes;
  const bool ram = linked.ram_bytes > target.ram_bytes;
  result.fit.ok = !flash && !ram;
  result.fit.why.clear();
  if (flash) result.fit.why += Excess("flash", linked.flash_bytes, target.flash_bytes);
  if (ram) result.fit.why += Excess("RAM", linked.ram_bytes, target.ram_bytes);
  if (!result.fit.ok) result.fit.why.pop_back();
  result.summary["fits"] = result.fit.ok;
  result.summary["sizes"] = "linked";
  result.summary["flash_bytes"] = linked.flash_bytes;
  result.summary["code_bytes"] = linked.code_bytes;
  result.summary["weight_bytes"] = linked.weight_bytes;
  result.summary["ram_peak_bytes"] = linked.ram_bytes;
  if (result.fit.ok) {
    result.summary.erase("why");
  } else {
    result.summary["why"] = result.fit.why;
  }
}

}  // namespace tinyformer
