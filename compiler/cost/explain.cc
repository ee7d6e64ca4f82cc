#include "compiler/cost/explain.h"

#include <algorithm>

#include "compiler/cost/layer_table.h"

namespace tinyformer {
namespace {

// Cycles are linear in the stored weights: where they meet those of the dense kernel.
double CycleBreakEvenSparsity(const Graph& graph, const Node& node, Kernel kernel,
                              int64_t dense_cycles) {
  kernel.codec.effective_weights = kernel.codec.dense_bytes;
  const auto full = static_cast<double>(EstimateLayer(graph, node, kernel).cycles);
  kernel.codec.effective_weights = 0;
  const auto empty = static_cast<double>(EstimateLayer(graph, node, kernel).cycles);
  if (full <= empty) return full < static_cast<double>(dense_cycles) ? 0 : 1;
  return std::clamp((full - static_cast<double>(dense_cycles)) / (full - empty), 0.0, 1.0);
}

}  // namespace

std::vector<Alternative> ListAlternatives(const Graph& graph, const LayerPlan& layer,
                                          CodecRequest request) {
  const Node& node = graph.nodes.at(static_cast<size_t>(layer.node));
  std::vector<Alternative> alternatives;
  for (const Kernel& kernel : ListKernels(graph, node, request)) {
    Alternative alternative;
    alternative.kernel = kernel;
    alternative.cost = EstimateLayer(graph, node, kernel);
    alternative.chosen = kernel.name == layer.kernel.name;
    if (!alternatives.empty()) {
      alternative.break_even_sparsity = BreakEvenSparsity(kernel.codec.codec, kernel.codec.block);
      alternative.cycle_break_even_sparsity =
          CycleBreakEvenSparsity(graph, node, kernel, alternatives.front().cost.cycles);
    }
    alternatives.push_back(alternative);
  }
  return alternatives;
}

std::string AlternativesTable(const Graph& graph, const Plan& plan, CodecRequest request) {
  std::vector<TableRow> rows = {{"id", "layer", "kernel", "", "sparsity", "break-even bytes",
                                 "break-even cycles", "bytes", "est. cycles"}};
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (!plan.layers[i].kernel.has_weights) continue;
    bool first = true;
    for (const Alternative& a : ListAlternatives(graph, plan.layers[i], request)) {
      const bool dense = a.kernel.codec.codec == Codec::kDense;
      rows.push_back(
          {first ? std::to_string(i + 1) : "", first ? a.cost.name : "", a.kernel.name,
           a.chosen ? "*" : "", Percent(a.kernel.codec.sparsity),
           dense ? "-" : Percent(a.break_even_sparsity),
           dense
               ? "-"
               : (a.cycle_break_even_sparsity < 1 ? Percent(a.cycle_break_even_sparsity) : "never"),
           WithThousands(a.cost.weight_bytes), WithThousands(a.cost.cycles)});
      first = false;
    }
  }
  return "kernels of each layer (* chosen); break-even: the sparsity from which a code takes fewer "
         "bytes, or cycles, than dense\n" +
         AlignTable(rows, 4, rows.front().size());
}

Json AlternativesJson(const std::vector<Alternative>& alternatives) {
  Json list = Json::array();
  for (const Alternative& a : alternatives) {
    list.push_back({{"kernel", a.kernel.name},
                    {"sparsity", a.kernel.codec.sparsity},
                    {"weight_bytes", a.cost.weight_bytes},
                    {"cycles_estimate", a.cost.cycles},
                    {"break_even_sparsity", a.break_even_sparsity},
                    {"cycle_break_even_sparsity", a.cycle_break_even_sparsity},
                    {"chosen", a.chosen}});
  }
  return list;
}

std::string TensorTable(const Plan& plan) {
  std::vector<TableRow> rows = {{"tensor", "lies in", "offset", "bytes", "layers", "accessed"}};
  for (const TensorPlan& tensor : plan.tensors) {
    rows.push_back(
        {tensor.name, tensor.regions.empty() ? "RAM" : tensor.regions, WithThousands(tensor.offset),
         WithThousands(tensor.bytes),
         std::to_string(tensor.first_layer + 1) + " to " + std::to_string(tensor.last_layer + 1),
         WithThousands(tensor.accesses)});
  }
  return "where tensors lie, and the bytes that layers move to and from them, roughly\n" +
         AlignTable(rows, 2, rows.front().size());
}

}  // namespace tinyformer
