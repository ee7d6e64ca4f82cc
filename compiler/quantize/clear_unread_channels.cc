// ClearUnreadChannels.
#include "compiler/quantize/clear_unread_channels.h"

#include <algorithm>

namespace tinyformer {
namespace {

bool ActsPerChannel(const Graph& g, const Node& node) {
  if (node.op == "reshape") {
    return g.value(node.inputs[0]).shape.back() == g.value(node.outputs[0]).shape.back();
  }
  return node.op == "add" || node.op == "requantize" || node.op == "max_pool2d" ||
         node.op == "average_pool2d";
}

bool IsWeighted(const Node& node) {
  return node.op == "linear" || node.op == "conv2d" || node.op == "depthwise_conv2d";
}

// Zeros the rows of output channels that `read` leaves out.
void ClearRows(Graph* g, const Node& node, const ReadChannels& read) {
  std::vector<int8_t> weights = g->value(node.inputs[1]).Elements<int8_t>();
  std::vector<int32_t> bias = g->value(node.inputs[2]).Elements<int32_t>();
  const size_t taps = weights.size() / read.size();
  for (size_t o = 0; o < read.size(); ++o) {
    if (read[o]) continue;
    std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>(o * taps), taps, int8_t{0});
    bias[o] = 0;
  }
  g->value(node.inputs[1]).SetElements(weights);
  g->value(node.inputs[2]).SetElements(bias);
}

// The input channels whose weights are not all zero.
ReadChannels InputsRead(const Graph& g, const Node& node) {
  const std::vector<int8_t> weights = g.value(node.inputs[1]).Elements<int8_t>();
  ReadChannels read(static_cast<size_t>(g.value(node.inputs[0]).shape.back()), false);
  const auto rows = static_cast<size_t>(g.value(node.outputs[0]).shape.back());
  const size_t groups =
      node.op == "depthwise_conv2d" ? rows : static_cast<size_t>(node.Int("group", 1));
  const size_t taps = weights.size() / rows, group_inputs = read.size() / groups;
  for (size_t i = 0; i < weights.size(); ++i) {
    const size_t group = i / taps / (rows / groups);
    if (weights[i] != 0) read[group * group_inputs + i % taps % group_inputs] = true;
  }
  return read;
}

void MarkRead(const ReadChannels& more, ReadChannels* read) {
  for (size_t c = 0; c < read->size(); ++c) (*read)[c] = (*read)[c] || more[c];
}

}  // namespace

void VisitReadChannels(const Graph& g, const WeightsRead& weights) {
  std::vector<ReadChannels> read(g.values.size());
  for (size_t id = 0; id < g.values.size(); ++id) {
    const Value& value = g.values[id];
    const bool counted = !value.is_constant() && !value.shape.empty();
    if (counted) read[id].resize(static_cast<size_t>(value.shape.back()), false);
  }
  const auto channels = [&read](ValueId id) -> ReadChannels& {
    return read[static_cast<size_t>(id)];
  };
  for (ValueId id : g.outputs) channels(id).assign(channels(id).size(), true);
  for (auto node = g.nodes.rbegin(); node != g.nodes.rend(); ++node) {
    const ReadChannels& output = channels(node->outputs[0]);
    if (IsWeighted(*node)) {
      MarkRead(weights(*node, output), &channels(node->inputs[0]));
      continue;
    }
    const bool alone = ActsPerChannel(g, *node);
    for (ValueId id : node->inputs) {
      if (id == kNoValue || g.value(id).is_constant()) continue;
      ReadChannels& input = channels(id);
      MarkRead(alone ? output : ReadChannels(input.size(), true), &input);
    }
  }
}

Graph ClearUnreadChannels(Graph g) {
  Graph cleared = g;
  VisitReadChannels(g, [&cleared](const Node& node, const ReadChannels& outputs) {
    ClearRows(&cleared, node, outputs);
    return InputsRead(cleared, node);
  });
  return cleared;
}

}  // namespace tinyformer
