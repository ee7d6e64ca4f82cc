#include "compiler/emit/plan_json.h"

#include "base/check.h"

namespace tinyformer {
namespace {

Json TensorJson(const Value& value) {
  TF_CHECK(value.quantization && value.quantization->scales.size() == 1, value.name);
  return {{"shape", value.shape},
          {"scale", value.quantization->scales[0]},
          {"zero_point", value.quantization->zero_point}};
}

}  // namespace

Json StripsJson(const Graph& graph, const Plan& plan) {
  Json strips = Json::array();
  for (const StripSchedule& schedule : plan.strips) {
    const StripChain& chain = schedule.chain;
    strips.push_back({{"first", graph.nodes.at(static_cast<size_t>(chain.first)).name},
                      {"last", graph.nodes.at(static_cast<size_t>(chain.last)).name},
                      {"rows", schedule.rows},
                      {"bytes", schedule.window_bytes + schedule.output_bytes}});
  }
  return strips;
}

Json LayersJson(const Graph& graph, const Plan& plan) {
  Json layers = Json::array();
  const std::vector<LayerCost> costs = EstimateLayers(graph, plan);
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Kernel& kernel = plan.layers[i].kernel;
    const LayerCost& cost = costs[i];
    layers.push_back(
        {{"name", cost.name},
         {"op", cost.op},
         {"kernel", kernel.name},
         {"codec", CodecName(kernel.codec.codec)},
         {"block", kernel.codec.block},
         {"sparsity", kernel.codec.sparsity},
         {"break_even_sparsity", BreakEvenSparsity(kernel.codec.codec, kernel.codec.block)},
         {"weight_bytes", cost.weight_bytes},
         {"dense_bytes", cost.dense_bytes},
         {"macs", cost.macs},
         {"effective_macs", cost.effective_macs},
         {"cycles_estimate", cost.cycles}});
  }
  return layers;
}

Json TensorsJson(const Plan& plan) {
  Json tensors = Json::array();
  for (const TensorPlan& tensor : plan.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"bytes", tensor.bytes},
                       {"offset", tensor.offset},
                       {"first_layer", tensor.first_layer},
                       {"last_layer", tensor.last_layer},
                       {"scratch", tensor.scratch},
                       {"holds", tensor.holds}});
    if (tensor.regions.empty()) continue;
    tensors.back()["regions"] = tensor.regions;
    tensors.back()["accessed_bytes"] = tensor.accesses;
  }
  return tensors;
}

Json PlanJson(const Graph& graph, const Plan& plan, const EmitOptions& options) {
  Json json;
  json["format"] = "tinyformer-plan";
  json["version"] = 1;
  json["name"] = graph.name;
  json["prefix"] = options.prefix;
  json["target"] = options.target;
  json["optimization"] = options.optimization;
  json["input"] = TensorJson(graph.value(graph.inputs.at(0)));
  json["output"] = TensorJson(graph.value(graph.outputs.at(0)));
  json["arena_bytes"] = plan.arena_bytes;
  json["arena_lower_bound_bytes"] = plan.arena_lower_bound_bytes;
  json["strategy"] = plan.strategy;
  for (const StrategyBytes& strategy : plan.strategies) {
    json["strategies"].push_back({{"name", strategy.name}, {"arena_bytes", strategy.bytes}});
  }
  int64_t weight_bytes = 0;
  Json layers = LayersJson(graph, plan);
  for (size_t i = 0; i < layers.size(); ++i) {
    const Node& node = graph.nodes.at(static_cast<size_t>(plan.layers[i].node));
    weight_bytes += layers[i].at("weight_bytes").get<int64_t>();
    Json layer = {{"id", i + 1}};
    layer.update(layers[i]);
    layer["scratch_bytes"] = plan.layers[i].kernel.scratch_bytes;
    layer["input_shape"] = graph.value(node.inputs.at(0)).shape;
    layer["output_shape"] = graph.value(node.outputs.at(0)).shape;
    layers[i] = layer;
  }
  json["weight_bytes"] = weight_bytes;
  json["layers"] = layers;
  json["strips"] = StripsJson(graph, plan);
  json["tensors"] = TensorsJson(plan);
  json["memory_timeline"] = plan.live_bytes;
  return json;
}

}  // namespace tinyformer
