#include "compiler/plan/strips.h"

#include <algorithm>

#include "base/check.h"
#include "compiler/ops/engine_shapes.h"

namespace tinyformer {
namespace {

const Node& NodeAt(const Graph& graph, int index) {
  return graph.nodes.at(static_cast<size_t>(index));
}

const Shape& OutputShape(const Graph& graph, int index) {
  return graph.value(NodeAt(graph, index).outputs.at(0)).shape;
}

bool IsImage(const Shape& shape) { return shape.size() == 4 && shape[0] == 1; }

// Whether the node's output goes to the next node and nowhere else, as its first operand.
bool FeedsNextOnly(const Graph& graph, int index) {
  const ValueId output = NodeAt(graph, index).outputs.at(0);
  return index + 1 < static_cast<int>(graph.nodes.size()) && !graph.IsOutput(output) &&
         IsImage(graph.value(output).shape) &&
         graph.Readers(output) == std::vector<int>{index + 1} &&
         NodeAt(graph, index + 1).inputs.at(0) == output;
}

bool IsOneOf(const std::string& op, std::initializer_list<const char*> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

int32_t WindowHeight(const engine::Conv2dShape& s) { return s.dilation_h * (s.kernel_h - 1) + 1; }

}  // namespace

std::vector<StripChain> FindStripChains(const Graph& graph) {
  std::vector<StripChain> chains;
  for (int i = 0; i + 1 < static_cast<int>(graph.nodes.size()); ++i) {
    if (!IsOneOf(NodeAt(graph, i).op, {"linear", "conv2d"}) || !FeedsNextOnly(graph, i)) continue;
    if (!IsOneOf(NodeAt(graph, i + 1).op, {"depthwise_conv2d", "max_pool2d"})) continue;
    if (!IsImage(graph.value(NodeAt(graph, i).inputs.at(0)).shape)) continue;
    if (!IsImage(OutputShape(graph, i + 1)) || OutputShape(graph, i + 1)[1] < 2) continue;
    const bool consumer = FeedsNextOnly(graph, i + 1) && NodeAt(graph, i + 2).op == "linear";
    chains.push_back({i, consumer ? i + 2 : i + 1});
    i = chains.back().last;
  }
  return chains;
}

engine::StripShape StripShapeOf(const Graph& graph, const StripSchedule& schedule) {
  const int window = schedule.chain.window();
  const Node& node = NodeAt(graph, window);
  const Value& input = graph.value(node.inputs.at(0));
  engine::StripShape shape{};
  shape.in_h = static_cast<int32_t>(input.shape[1]);
  shape.out_h = static_cast<int32_t>(OutputShape(graph, window)[1]);
  shape.row_bytes = static_cast<int32_t>(input.shape[2] * input.shape[3]);
  shape.rows = schedule.rows;
  if (node.op == "max_pool2d") {
    const engine::Pool2dShape pool = PoolShape(graph, node);
    shape.window_h = pool.kernel_h;
    shape.stride_h = pool.stride_h;
    shape.pad_top = pool.pad_top;
    shape.padding = -128;
    return shape;
  }
  const engine::Conv2dShape conv = ConvShape(graph, node);
  shape.window_h = WindowHeight(conv);
  shape.stride_h = conv.stride_h;
  shape.pad_top = conv.pad_top;
  shape.padding = input.quantization.value().zero_point;
  return shape;
}

StripSchedule MakeStripSchedule(const Graph& graph, const std::vector<Kernel>& kernels,
                                const StripChain& chain, int rows) {
  StripSchedule schedule{chain, rows, 0, 0, 0};
  const engine::StripShape shape = StripShapeOf(graph, schedule);
  TF_CHECK(rows >= 1 && rows <= shape.out_h, "rows", rows, "of", shape.out_h);
  schedule.window_bytes = engine::strip_bytes(shape);
  if (chain.has_consumer()) {
    const Shape& y = OutputShape(graph, chain.window());
    if (!WindowInPlace(graph, NodeAt(graph, chain.window()), rows)) {
      schedule.window_bytes = (schedule.window_bytes + 3) / 4 * 4;
      schedule.output_bytes = rows * y[2] * y[3];
    }
  }
  // Strips differ in rows at the top and at the bottom, and scratch need not grow with them.
  const int made = engine::strip_window_rows(shape, rows);
  for (int node = chain.first; node <= chain.last; ++node) {
    const int most = node == chain.producer() ? std::min(made, shape.in_h) : rows;
    const Kernel& kernel = kernels.at(static_cast<size_t>(node));
    for (int count = 1; count <= most; ++count) {
      schedule.scratch_bytes = std::max(
          schedule.scratch_bytes, StripScratchBytes(graph, NodeAt(graph, node), kernel, count));
    }
  }
  return schedule;
}

}  // namespace tinyformer
