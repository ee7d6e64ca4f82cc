// QuantizedEvaluator: parameter structs from nodes, one call a node.
#include "compiler/quantize/evaluate_quantized.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "compiler/ops/engine_shapes.h"
#include "compiler/ops/evaluate.h"
#include "tinyformer/engine/add_s8.h"
#include "tinyformer/engine/attention_pool_s8.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/layernorm_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/pool2d_s8.h"
#include "tinyformer/engine/requantize_s8.h"
#include "tinyformer/engine/softmax_s8.h"
#include "tinyformer/engine/transpose_s8.h"

namespace tinyformer {
namespace {

// A node's operands and attributes as the engine's structs want them; constants stay alive in the
// graph.
class Operands {
 public:
  Operands(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Shape& shape(size_t i) const { return graph_.value(node_.inputs.at(i)).shape; }
  const Shape& out_shape() const { return graph_.value(node_.outputs[0]).shape; }
  int32_t zero_point(size_t i) const {
    return graph_.value(node_.inputs.at(i)).quantization.value().zero_point;
  }
  int32_t out_zero_point() const {
    return graph_.value(node_.outputs[0]).quantization.value().zero_point;
  }
  int32_t Int(const std::string& key) const {
    TF_CHECK(node_.Has(key), node_.name, "has no", key);
    return Narrow(node_.Int(key, 0));
  }
  // std::string data is aligned for every element type that constants have.
  template <typename T>
  const T* Constant(size_t i) const {
    const Value& value = graph_.value(node_.inputs.at(i));
    TF_CHECK(value.is_constant() && DTypeBytes(value.type) == static_cast<int64_t>(sizeof(T)),
             value.name);
    return reinterpret_cast<const T*>(value.data->data());
  }
  int32_t rows(size_t i) const { return Narrow(ElementCount(shape(i)) / shape(i).back()); }
  engine::OutputS8 output() const {
    return {Constant<int32_t>(3), Int("shift"), out_zero_point(), Int("min"), Int("max")};
  }

 private:
  const Graph& graph_;
  const Node& node_;
};

}  // namespace

QuantizedEvaluator::QuantizedEvaluator(const Graph& graph, EngineKernels kernels) : graph_(graph) {
  activations_.by_value.resize(graph.values.size());
  for (ValueId id : graph.inputs) {
    TF_CHECK(graph.value(id).type == DType::kInt8, graph.value(id).name, "is not int8");
    activations_.by_value[static_cast<size_t>(id)].resize(
        static_cast<size_t>(ElementCount(graph.value(id).shape)));
  }
  for (const Node& node : graph.nodes) {
    const ValueId out = node.outputs[0];
    activations_.by_value[static_cast<size_t>(out)].resize(
        static_cast<size_t>(ElementCount(graph.value(out).shape)));
    steps_.push_back(MakeStep(node, kernels));
  }
}

QuantizedEvaluator::Step QuantizedEvaluator::MakeStep(const Node& node, EngineKernels kernels) {
  const Operands o(graph_, node);
  const bool fast = kernels == EngineKernels::kFast;
  auto in = [ids = node.inputs](Activations& a, size_t i) {
    return a.by_value[static_cast<size_t>(ids[i])].data();
  };
  auto out = [id = node.outputs[0]](Activations& a) {
    return a.by_value[static_cast<size_t>(id)].data();
  };
  auto need = [&](int32_t bytes) {
    activations_.scratch.resize(
        std::max(activations_.scratch.size(), static_cast<size_t>(bytes / 4 + 1)));
  };
  if (node.op == "linear") {
    const engine::LinearS8 layer = {o.rows(0),
                                    Narrow(o.shape(1)[1]),
                                    Narrow(o.shape(1)[0]),
                                    o.Constant<int8_t>(1),
                                    o.Constant<int32_t>(2),
                                    o.output()};
    need(engine::linear_s8_scratch_bytes(layer));
    auto kernel = fast ? engine::linear_s8 : engine::ref::linear_s8;
    return [=](Activations& a) { kernel(layer, in(a, 0), out(a), a.scratch.data()); };
  }
  if (node.op == "conv2d") {
    const engine::Conv2dS8 layer = {ConvShape(graph_, node), o.zero_point(0), o.Constant<int8_t>(1),
                                    o.Constant<int32_t>(2), o.output()};
    need(engine::conv2d_s8_scratch_bytes(layer));
    auto kernel = fast ? engine::conv2d_s8 : engine::ref::conv2d_s8;
    return [=](Activations& a) { kernel(layer, in(a, 0), out(a), a.scratch.data()); };
  }
  if (node.op == "depthwise_conv2d") {
    const engine::DepthwiseConv2dS8 layer = {ConvShape(graph_, node), o.zero_point(0),
                                             o.Constant<int8_t>(1), o.Constant<int32_t>(2),
                                             o.output()};
    need(engine::depthwise_conv2d_s8_scratch_bytes(layer.shape));
    auto kernel = fast ? engine::depthwise_conv2d_s8 : engine::ref::depthwise_conv2d_s8;
    return [=](Activations& a) { kernel(layer, in(a, 0), out(a), a.scratch.data()); };
  }
  if (node.op == "add") {
    const engine::AddS8 layer = {Narrow(ElementCount(o.out_shape())),
                                 o.zero_point(0),
                                 o.Int("a_multiplier"),
                                 o.zero_point(1),
                                 o.Int("b_multiplier"),
                                 o.Int("shift"),
                                 o.out_zero_point(),
                                 o.Int("min"),
                                 o.Int("max")};
    return [=](Activations& a) { engine::add_s8(layer, in(a, 0), in(a, 1), out(a)); };
  }
  if (node.op == "requantize") {
    const engine::RequantizeS8 layer = {Narrow(ElementCount(o.out_shape())),
                                        o.zero_point(0),
                                        o.Int("multiplier"),
                                        o.Int("shift"),
                                        o.out_zero_point(),
                                        o.Int("min"),
                                        o.Int("max")};
    return [=](Activations& a) { engine::requantize_s8(layer, in(a, 0), out(a)); };
  }
  if (node.op == "layernorm") {
    const engine::LayernormS8 layer = {o.rows(0),
                                       Narrow(o.shape(0).back()),
                                       static_cast<uint64_t>(node.Int("epsilon_q", 1)),
                                       o.Int("norm_bits"),
                                       o.Constant<int16_t>(1),
                                       o.Constant<int32_t>(2),
                                       o.Int("multiplier"),
                                       o.Int("shift"),
                                       o.out_zero_point(),
                                       o.Int("min"),
                                       o.Int("max")};
    return [=](Activations& a) { engine::layernorm_s8(layer, in(a, 0), out(a)); };
  }
  if (node.op == "attention") {
    const Shape& q = o.shape(0);
    const engine::AttentionS8 layer = {Narrow(q[1]),
                                       Narrow(q[2]),
                                       o.Int("heads"),
                                       o.zero_point(0),
                                       o.zero_point(1),
                                       o.zero_point(2),
                                       o.Int("score_multiplier"),
                                       o.Int("score_shift"),
                                       o.Int("score_zero_point"),
                                       o.Constant<int16_t>(3),
                                       o.Int("multiplier"),
                                       o.Int("shift"),
                                       o.out_zero_point(),
                                       o.Int("min"),
                                       o.Int("max")};
    need(engine::attention_s8_scratch_bytes(layer));
    auto kernel = fast ? engine::attention_s8 : engine::ref::attention_s8;
    return [=](Activations& a) {
      kernel(layer, in(a, 0), in(a, 1), in(a, 2), out(a), a.scratch.data());
    };
  }
  if (node.op == "attention_pool") {
    const Shape& x = o.shape(1);
    const engine::AttentionPoolS8 layer = {
        Narrow(x[1]),           Narrow(x[2]),        o.zero_point(1),
        o.Constant<int16_t>(2), o.Int("multiplier"), o.Int("shift"),
        o.out_zero_point(),     o.Int("min"),        o.Int("max")};
    need(engine::attention_pool_s8_scratch_bytes(layer));
    return [=](Activations& a) {
      engine::attention_pool_s8(layer, in(a, 0), in(a, 1), out(a), a.scratch.data());
    };
  }
  if (node.op == "softmax") {
    const engine::SoftmaxS8 layer = {
        o.rows(0),      Narrow(o.shape(0).back()), o.Constant<int16_t>(1), o.Int("multiplier"),
        o.Int("shift"), o.out_zero_point(),        o.Int("min"),           o.Int("max")};
    return [=](Activations& a) { engine::softmax_s8(layer, in(a, 0), out(a)); };
  }
  if (node.op == "average_pool2d") {
    const engine::AveragePool2dS8 layer = {
        PoolShape(graph_, node),
        o.zero_point(0),
        o.Int("multiplier"),
        node.inputs.size() > 1 ? o.Constant<int32_t>(1) : nullptr,
        o.Int("shift"),
        o.out_zero_point(),
        o.Int("min"),
        o.Int("max")};
    return [=](Activations& a) { engine::average_pool2d_s8(layer, in(a, 0), out(a)); };
  }
  if (node.op == "max_pool2d") {
    const engine::Pool2dShape layer = PoolShape(graph_, node);
    return [=](Activations& a) { engine::max_pool2d_s8(layer, in(a, 0), out(a)); };
  }
  if (node.op == "transpose") {
    engine::TransposeS8 layer = {{1, 1, 1, 1}, {0, 1, 2, 3}};
    const auto perm = node.Ints("perm", {});
    const size_t lead = 4 - perm.size();
    TF_CHECK(perm.size() <= 4, node.name, "rank", perm.size());
    for (size_t i = 0; i < perm.size(); ++i) {
      layer.shape[lead + i] = Narrow(o.shape(0)[i]);
      layer.perm[lead + i] = Narrow(perm[i]) + static_cast<int32_t>(lead);
    }
    return [=](Activations& a) { engine::transpose_s8(layer, in(a, 0), out(a)); };
  }
  TF_CHECK(node.op == "reshape", "no kernel for", node.op);
  const auto from = static_cast<size_t>(node.inputs[0]), to = static_cast<size_t>(node.outputs[0]);
  return [=](Activations& a) { a.by_value[to] = a.by_value[from]; };
}

std::vector<int8_t> QuantizedEvaluator::Run(const std::vector<int8_t>& input,
                                            const Observer& observer) {
  TF_CHECK(graph_.inputs.size() == 1 && graph_.outputs.size() == 1, "inputs", graph_.inputs.size());
  std::vector<int8_t>& first = activations_.by_value[static_cast<size_t>(graph_.inputs[0])];
  TF_CHECK(first.size() == input.size(), "input elements", input.size(), "expected", first.size());
  first = input;
  if (observer) observer(graph_.inputs[0], first);
  for (size_t n = 0; n < steps_.size(); ++n) {
    steps_[n](activations_);
    const ValueId out = graph_.nodes[n].outputs[0];
    if (observer) observer(out, activations_.by_value[static_cast<size_t>(out)]);
  }
  return activations_.by_value[static_cast<size_t>(graph_.outputs[0])];
}

std::vector<int8_t> EvaluateQuantized(const Graph& graph, const std::vector<int8_t>& input) {
  return QuantizedEvaluator(graph).Run(input);
}

std::vector<int8_t> QuantizeInput(const Graph& graph, const std::vector<float>& input) {
  const Quantization& q = graph.value(graph.inputs.at(0)).quantization.value();
  std::vector<int8_t> quantized;
  for (float x : input) quantized.push_back(QuantizeToInt8(x, q.scales[0], q.zero_point));
  return quantized;
}

std::vector<float> DequantizeOutput(const Graph& graph, const std::vector<int8_t>& output) {
  const Quantization& q = graph.value(graph.outputs.at(0)).quantization.value();
  std::vector<float> reals;
  for (int8_t x : output) reals.push_back(q.scales[0] * static_cast<float>(x - q.zero_point));
  return reals;
}

}  // namespace tinyformer
