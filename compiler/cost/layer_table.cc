#include "compiler/cost/layer_table.h"

#include <algorithm>
#include <cstdio>

namespace tinyformer {

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%%", share * 100);
  return text;
}

std::string AlignTable(const std::vector<TableRow>& rows, size_t first_right, size_t last_right) {
  std::vector<size_t> width(rows.front().size(), 0);
  for (const TableRow& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string text;
  for (const TableRow& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(width[i] - row[i].size(), ' ');
      line +=
          (i == 0 ? "" : "  ") + (i < first_right || i > last_right ? row[i] + pad : pad + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string WithThousands(int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  if (number < 0) digits.insert(digits.begin(), '-');
  return digits;
}

std::string LayerTable(const Graph& graph, const Plan& plan) {
  std::vector<TableRow> rows = {{"id", "layer", "operator", "kernel", "code", "block", "sparsity",
                                 "break-even", "bytes", "dense", "MAC", "effective",
                                 "est. cycles"}};
  LayerCost total;
  const std::vector<LayerCost> costs = EstimateLayers(graph, plan);
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Kernel& kernel = plan.layers[i].kernel;
    const LayerCost& cost = costs[i];
    const bool sparse = kernel.codec.codec != Codec::kDense;
    rows.push_back(
        {std::to_string(i + 1), cost.name, cost.op, kernel.name,
         kernel.has_weights ? CodecName(kernel.codec.codec) : "-",
         sparse ? std::to_string(kernel.codec.block) : "-",
         kernel.has_weights ? Percent(kernel.codec.sparsity) : "-",
         sparse ? Percent(BreakEvenSparsity(kernel.codec.codec, kernel.codec.block)) : "-",
         WithThousands(cost.weight_bytes), WithThousands(cost.dense_bytes),
         WithThousands(cost.macs), WithThousands(cost.effective_macs), WithThousands(cost.cycles)});
    total.weight_bytes += cost.weight_bytes;
    total.dense_bytes += cost.dense_bytes;
    total.macs += cost.macs;
    total.effective_macs += cost.effective_macs;
    total.cycles += cost.cycles;
  }
  rows.push_back({"", "total", "", "", "", "", "", "", WithThousands(total.weight_bytes),
                  WithThousands(total.dense_bytes), WithThousands(total.macs),
                  WithThousands(total.effective_macs), WithThousands(total.cycles)});
  return AlignTable(rows, 5, rows.front().size());
}

std::string MemoryTable(const Graph& graph, const Plan& plan) {
  std::vector<TableRow> rows;
  for (const StrategyBytes& strategy : plan.strategies) {
    rows.push_back({strategy.name, WithThousands(strategy.bytes),
                    strategy.name == plan.strategy ? "chosen" : ""});
  }
  rows.push_back({"lower bound", WithThousands(plan.arena_lower_bound_bytes), "most bytes alive"});
  rows.push_back({"gap", WithThousands(plan.arena_bytes - plan.arena_lower_bound_bytes), ""});
  std::string text = "arena bytes\n";
  std::vector<TableRow> indented;
  for (const TableRow& row : rows) indented.push_back({"  " + row[0], row[1], row[2]});
  const std::string aligned = AlignTable(indented, 1, 1);
  text += aligned;
  int64_t accesses = 0;
  for (const TensorPlan& tensor : plan.tensors) accesses += tensor.accesses;
  if (!plan.space.blocks.empty() && accesses > 0) {
    text += "accessed bytes outside fast memory: " +
            Percent(static_cast<double>(plan.slow_accesses) / static_cast<double>(accesses)) + "\n";
  }
  const int peak = PeakLayer(plan);
  if (peak < 0) return text;
  const size_t node = static_cast<size_t>(plan.layers[static_cast<size_t>(peak)].node);
  text += "alive at the peak, layer " + std::to_string(peak + 1) + " '" + graph.nodes[node].name +
          "'\n";
  std::vector<TableRow> alive;
  for (const TensorPlan& tensor : plan.tensors) {
    if (tensor.first_layer <= peak && peak <= tensor.last_layer) {
      alive.push_back({"  " + tensor.name, WithThousands(tensor.bytes), tensor.regions});
    }
  }
  return text + AlignTable(alive, 1, 1);
}

}  // namespace tinyformer
