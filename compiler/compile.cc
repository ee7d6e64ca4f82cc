#include "compiler/compile.h"

#include <utility>

#include "base/rng.h"
#include "compiler/cost/choose_strips.h"
#include "compiler/cost/explain.h"
#include "compiler/cost/layer_table.h"
#include "compiler/emit/plan_json.h"
#include "compiler/fit.h"
#include "compiler/quantize/evaluate_quantized.h"

namespace tinyformer {
namespace {

Json Summary(const Graph& graph, const CompileOptions& options, const CompileResult& result) {
  Json json;
  json["target"] = options.target.name;
  json["fits"] = result.fit.ok;
  json["sizes"] = "estimated";
  json["flash_bytes"] = result.use.flash_bytes;
  json["flash_estimate_bytes"] = result.use.flash_bytes;
  json["flash_limit_bytes"] = options.target.flash_bytes;
  json["code_bytes"] = result.use.flash_bytes - result.use.weight_bytes;
  json["weight_bytes"] = result.use.weight_bytes;
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
  PlannedNetwork planned = PlanNetwork(graph, options);
  result.fit = CheckFit(graph, options, planned);
  result.plan = std::move(planned.plan);
  result.use = planned.use;
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
  result.use.weight_bytes = linked.weight_bytes;
  result.use.sram_peak_bytes = linked.ram_bytes;
  const bool flash = linked.flash_bytes > target.flash_bytes;
  const bool ram = linked.ram_bytes > target.ram_bytes;
  result.fit.ok = !flash && !ram;
  result.fit.why.clear();
  if (flash) result.fit.why += ExcessLine("flash", linked.flash_bytes, target.flash_bytes);
  if (ram) result.fit.why += ExcessLine("RAM", linked.ram_bytes, target.ram_bytes);
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
