#include "compiler/cost/cost.h"

#include <cmath>
#include <set>

#include "base/check.h"
#include "compiler/cost/cycle_table.h"

namespace tinyformer {
namespace {

constexpr int64_t kStartupBytes = 1024;      // vectors, reset, memcpy and memset
constexpr int64_t kBytesPerDescriptor = 96;  // the largest parameter struct
constexpr int64_t kBytesPerCall = 24;        // four arguments and a branch

// Positions at which every weight of the node is used once.
int64_t Positions(const Graph& graph, const Node& node) {
  const Value& y = graph.value(node.outputs.at(0));
  return ElementCount(y.shape) / y.shape.back();
}

// MACs of a node without weights.
int64_t PlainMacs(const Graph& graph, const Node& node) {
  if (node.op == "attention") {
    const Shape& q = graph.value(node.inputs.at(0)).shape;
    return 2 * q[1] * q[1] * q[2];
  }
  if (node.op == "attention_pool") return ElementCount(graph.value(node.inputs.at(1)).shape);
  return 0;
}

int64_t Exponentials(const Graph& graph, const Node& node) {
  if (node.op == "attention") {
    const Shape& q = graph.value(node.inputs.at(0)).shape;
    return node.Int("heads", 1) * q[1] * q[1];
  }
  if (node.op == "attention_pool" || node.op == "softmax") {
    return ElementCount(graph.value(node.inputs.at(0)).shape);
  }
  return 0;
}

// Flash of the operands other than coded weights. A reshape's target shape is not emitted.
int64_t ParameterBytes(const Graph& graph, const Node& node, const Kernel& kernel) {
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || (kernel.has_weights && i == 1)) continue;
    const Value& value = graph.value(node.inputs[i]);
    if (value.is_constant()) bytes += static_cast<int64_t>(value.data->size());
  }
  return bytes;
}

int64_t Cycles(const Graph& graph, const Node& node, const Kernel& kernel, const LayerCost& cost) {
  const KernelCycles& cycles = CyclesOf(kernel.name);
  const Value& y = graph.value(node.outputs.at(0));
  const bool batched = node.op == "linear" || node.op == "conv2d";
  const int64_t positions = Positions(graph, node);
  const int64_t batches = (positions + engine::kTokenBatch - 1) / engine::kTokenBatch;
  const double rounding =
      batched ? static_cast<double>(batches * engine::kTokenBatch) / static_cast<double>(positions)
              : 1;
  const double gathered =
      batched ? static_cast<double>(cost.macs) / static_cast<double>(y.shape.back()) : 0;
  const double work = cycles.per_mac * static_cast<double>(cost.effective_macs) +
                      cycles.per_dense_mac * static_cast<double>(cost.macs) +
                      cycles.per_gather * gathered +
                      cycles.per_output * static_cast<double>(ElementCount(y.shape));
  return std::llround(work * rounding +
                      cycles.per_exponential * static_cast<double>(Exponentials(graph, node)) +
                      cycles.fixed);
}

// What a layer of a chain takes more by strips of rows than whole. Depthwise kernels prepare every
// channel again in each strip; what other layers repeat is a hundredth of their cycles.
int64_t StripCycles(const Graph& graph, const Plan& plan, const LayerPlan& layer) {
  const Node& node = graph.nodes.at(static_cast<size_t>(layer.node));
  if (layer.strips < 0 || node.op != "depthwise_conv2d") return 0;
  const Shape& y = graph.value(node.outputs.at(0)).shape;
  const int64_t rows = plan.strips.at(static_cast<size_t>(layer.strips)).rows;
  const int64_t strips = (y[1] + rows - 1) / rows;
  return (strips - 1) * y[3] * (200 + 50 * y[2]);
}

}  // namespace

LayerCost EstimateLayer(const Graph& graph, const Node& node, const Kernel& kernel) {
  LayerCost cost;
  cost.name = node.name;
  cost.op = node.op;
  const int64_t parameters = ParameterBytes(graph, node, kernel);
  cost.weight_bytes = parameters + kernel.codec.bytes;
  cost.dense_bytes = parameters + kernel.codec.dense_bytes;
  if (kernel.has_weights) {
    const int64_t positions = Positions(graph, node);
    cost.macs = kernel.codec.dense_bytes * positions;
    cost.effective_macs = kernel.codec.effective_weights * positions;
  } else {
    cost.macs = cost.effective_macs = PlainMacs(graph, node);
  }
  cost.cycles = Cycles(graph, node, kernel, cost);
  return cost;
}

std::vector<LayerCost> EstimateLayers(const Graph& graph, const Plan& plan) {
  std::vector<LayerCost> costs;
  for (const LayerPlan& layer : plan.layers) {
    costs.push_back(
        EstimateLayer(graph, graph.nodes.at(static_cast<size_t>(layer.node)), layer.kernel));
    costs.back().cycles += StripCycles(graph, plan, layer);
  }
  return costs;
}

int64_t EstimateProgramBytes(const Plan& plan) {
  return kStartupBytes +
         static_cast<int64_t>(plan.layers.size()) * (kBytesPerDescriptor + kBytesPerCall);
}

ResourceUse EstimateUse(const Graph& graph, const Plan& plan, int64_t stack_bytes) {
  ResourceUse use;
  for (const LayerCost& cost : EstimateLayers(graph, plan)) {
    use.flash_bytes += cost.weight_bytes;
    use.macs += cost.macs;
    use.effective_macs += cost.effective_macs;
    use.cycles += cost.cycles;
  }
  std::vector<std::string> kernels;
  for (const LayerPlan& layer : plan.layers) kernels.push_back(layer.kernel.name);
  use.flash_bytes += CodeBytes(kernels) + EstimateProgramBytes(plan);
  use.sram_peak_bytes = plan.arena_bytes + stack_bytes;
  return use;
}

}  // namespace tinyformer
