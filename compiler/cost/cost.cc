#include "compiler/cost/cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "compiler/cost/cycle_table.h"
#include "compiler/cost/work.h"

namespace tinyformer {
namespace {

// Vectors, start-up code and the emulator's main (by nm, stm32f746), and some for alignment: what
// the estimate says fits should fit.
constexpr int64_t kStartupBytes = 2200;
constexpr int64_t kBytesPerCall = 22;  // three or four arguments and a branch, on average
// The loop of a chain by strips of rows with its layers' parameters, at most (of 100 candidates of
// a search: 320 to 640 for one chain, less for each when there are several).
constexpr int64_t kStripLoopBytes = 640;

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

// Flash of the operands other than coded weights. A reshape's target shape is not emitted.
int64_t ParameterBytes(const Graph& graph, const Node& node, const Kernel& kernel) {
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || (kernel.has_weights && i == 1)) continue;
    const Value& value = graph.value(node.inputs[i]);
    if (value.is_constant()) bytes += ElementCount(value.shape) * DTypeBytes(value.type);
  }
  return bytes;
}

// What the linker leaves empty behind the node's constants, all of which start at a multiple of
// four; an array without elements has one.
int64_t PaddingBytes(const Graph& graph, const Node& node, const Kernel& kernel) {
  const auto padding = [](int64_t bytes) {
    return (std::max<int64_t>(1, bytes) + 3) / 4 * 4 - bytes;
  };
  int64_t bytes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || (kernel.has_weights && i == 1)) continue;
    const Value& value = graph.value(node.inputs[i]);
    if (value.is_constant()) bytes += padding(ElementCount(value.shape) * DTypeBytes(value.type));
  }
  if (!kernel.has_weights) return bytes;
  const int64_t stored = kernel.codec.effective_weights;
  if (kernel.codec.codec == Codec::kDense) return bytes + padding(stored);
  return bytes + padding(stored) + padding(kernel.codec.bytes - stored);
}

int64_t Cycles(const Graph& graph, const Node& node, const Kernel& kernel) {
  const WorkCounts counts = CountWork(graph, node, kernel);
  const WorkCounts& price = CyclesOf(CycleLine(graph, node, kernel)).each;
  return std::llround(std::inner_product(counts.begin(), counts.end(), price.begin(), 0.0));
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
  cost.padding_bytes = PaddingBytes(graph, node, kernel);
  cost.dense_bytes = parameters + kernel.codec.dense_bytes;
  if (kernel.has_weights) {
    const int64_t positions = Positions(graph, node);
    cost.macs = kernel.codec.dense_bytes * positions;
    cost.effective_macs = kernel.codec.effective_weights * positions;
  } else {
    cost.macs = cost.effective_macs = PlainMacs(graph, node);
  }
  cost.cycles = Cycles(graph, node, kernel);
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

int64_t EstimateProgramBytes(const std::vector<std::string>& kernels) {
  int64_t bytes = kStartupBytes;
  for (const std::string& kernel : kernels) {
    if (!kernel.empty()) bytes += DescriptorBytes(kernel) + kBytesPerCall;
  }
  return bytes;
}

int64_t EstimateCodeBytes(const std::vector<std::string>& kernels) {
  return CodeBytes(kernels) + EstimateProgramBytes(kernels);
}

ResourceUse EstimateUse(const Graph& graph, const Plan& plan, int64_t stack_bytes) {
  ResourceUse use;
  for (const LayerCost& cost : EstimateLayers(graph, plan)) {
    use.weight_bytes += cost.weight_bytes + cost.padding_bytes;
    use.macs += cost.macs;
    use.effective_macs += cost.effective_macs;
    use.cycles += cost.cycles;
  }
  std::vector<std::string> kernels;
  for (const LayerPlan& layer : plan.layers) kernels.push_back(layer.kernel.name);
  use.flash_bytes = use.weight_bytes + EstimateCodeBytes(kernels) +
                    static_cast<int64_t>(plan.strips.size()) * kStripLoopBytes;
  use.sram_peak_bytes = plan.arena_bytes + stack_bytes;
  return use;
}

}  // namespace tinyformer
