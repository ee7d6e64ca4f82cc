// QuantizedEvaluator: parameter structs from nodes, one call a node.
#include "compiler/quantize/evaluate_quantized.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

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

// One node as a call of its kernel: operands and attributes as the engine's structs want them.
class QuantizedEvaluator::StepMaker {
 public:
  StepMaker(const Graph& graph, const Node& node, EngineKernels kernels,
            std::vector<int32_t>* scratch)
      : graph_(graph), node_(node), fast_(kernels == EngineKernels::kFast), scratch_(scratch) {}

  Step Make() {
    static const std::map<std::string, Step (StepMaker::*)()> kMakers = {
        {"add", &StepMaker::Add},
        {"attention", &StepMaker::Attention},
        {"attention_pool", &StepMaker::AttentionPool},
        {"average_pool2d", &StepMaker::AveragePool},
        {"conv2d", &StepMaker::Conv},
        {"depthwise_conv2d", &StepMaker::DepthwiseConv},
        {"layernorm", &StepMaker::LayerNorm},
        {"linear", &StepMaker::Linear},
        {"max_pool2d", &StepMaker::MaxPool},
        {"requantize", &StepMaker::Requantize},
        {"reshape", &StepMaker::Reshape},
        {"softmax", &StepMaker::Softmax},
        {"transpose", &StepMaker::Transpose},
    };
    const auto maker = kMakers.find(node_.op);
    TF_CHECK(maker != kMakers.end(), "no kernel for", node_.op);
    return (this->*maker->second)();
  }

 private:
  // Where the operands and the output will lie.
  auto In() const {
    return [ids = node_.inputs](Activations& a, size_t i) {
      return a.by_value[static_cast<size_t>(ids[i])].data();
    };
  }
  auto Out() const {
    return [id = node_.outputs[0]](Activations& a) {
      return a.by_value[static_cast<size_t>(id)].data();
    };
  }

  Step Linear() {
    const engine::LinearS8 layer = {Rows(0),
                                    Narrow(ShapeOf(1)[1]),
                                    Narrow(ShapeOf(1)[0]),
                                    Constant<int8_t>(1),
                                    Constant<int32_t>(2),
                                    Output()};
    Need(engine::linear_s8_scratch_bytes(layer));
    return WithScratch(fast_ ? engine::linear_s8 : engine::ref::linear_s8, layer);
  }

  Step Conv() {
    const engine::Conv2dS8 layer = {ConvShape(graph_, node_), ZeroPoint(0), Constant<int8_t>(1),
                                    Constant<int32_t>(2), Output()};
    Need(engine::conv2d_s8_scratch_bytes(layer));
    return WithScratch(fast_ ? engine::conv2d_s8 : engine::ref::conv2d_s8, layer);
  }

  Step DepthwiseConv() {
    const engine::DepthwiseConv2dS8 layer = {ConvShape(graph_, node_), ZeroPoint(0),
                                             Constant<int8_t>(1), Constant<int32_t>(2), Output()};
    Need(engine::depthwise_conv2d_s8_scratch_bytes(layer.shape));
    return WithScratch(fast_ ? engine::depthwise_conv2d_s8 : engine::ref::depthwise_conv2d_s8,
                       layer);
  }

  Step Add() {
    const engine::AddS8 layer = {Elements(),     ZeroPoint(0),        Int("a_multiplier"),
                                 ZeroPoint(1),   Int("b_multiplier"), Int("shift"),
                                 OutZeroPoint(), Int("min"),          Int("max")};
    return [=, in = In(), out = Out()](Activations& a) {
      engine::add_s8(layer, in(a, 0), in(a, 1), out(a));
    };
  }

  Step Requantize() {
    const engine::RequantizeS8 layer = {Elements(),   ZeroPoint(0),   Int("multiplier"),
                                        Int("shift"), OutZeroPoint(), Int("min"),
                                        Int("max")};
    return Plain(engine::requantize_s8, layer);
  }

  Step LayerNorm() {
    const engine::LayernormS8 layer = {Rows(0),
                                       Narrow(ShapeOf(0).back()),
                                       static_cast<uint64_t>(node_.Int("epsilon_q", 1)),
                                       Int("norm_bits"),
                                       Constant<int16_t>(1),
                                       Constant<int32_t>(2),
                                       Int("multiplier"),
                                       Int("shift"),
                                       OutZeroPoint(),
                                       Int("min"),
                                       Int("max")};
    return Plain(engine::layernorm_s8, layer);
  }

  Step Attention() {
    const Shape& q = ShapeOf(0);
    const engine::AttentionS8 layer = {Narrow(q[1]),
                                       Narrow(q[2]),
                                       Int("heads"),
                                       ZeroPoint(0),
                                       ZeroPoint(1),
                                       ZeroPoint(2),
                                       Int("score_multiplier"),
                                       Int("score_shift"),
                                       Int("score_zero_point"),
                                       Constant<int16_t>(3),
                                       Int("multiplier"),
                                       Int("shift"),
                                       OutZeroPoint(),
                                       Int("min"),
                                       Int("max")};
    Need(engine::attention_s8_scratch_bytes(layer));
    const auto kernel = fast_ ? engine::attention_s8 : engine::ref::attention_s8;
    return [=, in = In(), out = Out()](Activations& a) {
      kernel(layer, in(a, 0), in(a, 1), in(a, 2), out(a), a.scratch.data());
    };
  }

  Step AttentionPool() {
    const Shape& x = ShapeOf(1);
    const engine::AttentionPoolS8 layer = {Narrow(x[1]),         Narrow(x[2]),      ZeroPoint(1),
                                           Constant<int16_t>(2), Int("multiplier"), Int("shift"),
                                           OutZeroPoint(),       Int("min"),        Int("max")};
    Need(engine::attention_pool_s8_scratch_bytes(layer));
    return [=, in = In(), out = Out()](Activations& a) {
      engine::attention_pool_s8(layer, in(a, 0), in(a, 1), out(a), a.scratch.data());
    };
  }

  Step Softmax() {
    const engine::SoftmaxS8 layer = {Rows(0),
                                     Narrow(ShapeOf(0).back()),
                                     Constant<int16_t>(1),
                                     Int("multiplier"),
                                     Int("shift"),
                                     OutZeroPoint(),
                                     Int("min"),
                                     Int("max")};
    return Plain(engine::softmax_s8, layer);
  }

  Step AveragePool() {
    const int32_t* multipliers = node_.inputs.size() > 1 ? Constant<int32_t>(1) : nullptr;
    const engine::AveragePool2dS8 layer = {
        PoolShape(graph_, node_), ZeroPoint(0), Int("multiplier"), multipliers, Int("shift"),
        OutZeroPoint(),           Int("min"),   Int("max")};
    return Plain(engine::average_pool2d_s8, layer);
  }

  Step MaxPool() { return Plain(engine::max_pool2d_s8, PoolShape(graph_, node_)); }

  Step Transpose() {
    engine::TransposeS8 layer = {{1, 1, 1, 1}, {0, 1, 2, 3}};
    const auto perm = node_.Ints("perm", {});
    TF_CHECK(perm.size() <= 4, node_.name, "rank", perm.size());
    const size_t lead = 4 - perm.size();
    for (size_t i = 0; i < perm.size(); ++i) {
      layer.shape[lead + i] = Narrow(ShapeOf(0)[i]);
      layer.perm[lead + i] = Narrow(perm[i]) + static_cast<int32_t>(lead);
    }
    return Plain(engine::transpose_s8, layer);
  }

  Step Reshape() {
    const auto from = static_cast<size_t>(node_.inputs[0]),
               to = static_cast<size_t>(node_.outputs[0]);
    return [=](Activations& a) { a.by_value[to] = a.by_value[from]; };
  }

  // The call of a kernel with one operand, without and with scratch.
  template <typename Kernel, typename Layer>
  Step Plain(Kernel kernel, const Layer& layer) const {
    return [=, in = In(), out = Out()](Activations& a) { kernel(layer, in(a, 0), out(a)); };
  }
  template <typename Kernel, typename Layer>
  Step WithScratch(Kernel kernel, const Layer& layer) const {
    return [=, in = In(), out = Out()](Activations& a) {
      kernel(layer, in(a, 0), out(a), a.scratch.data());
    };
  }

  void Need(int32_t bytes) {
    scratch_->resize(std::max(scratch_->size(), static_cast<size_t>(bytes / 4 + 1)));
  }

  const Value& Operand(size_t i) const { return graph_.value(node_.inputs.at(i)); }
  const Value& Result() const { return graph_.value(node_.outputs[0]); }
  const Shape& ShapeOf(size_t operand) const { return Operand(operand).shape; }
  int32_t Elements() const { return Narrow(ElementCount(Result().shape)); }
  int32_t Rows(size_t operand) const {
    return Narrow(ElementCount(ShapeOf(operand)) / ShapeOf(operand).back());
  }
  int32_t ZeroPoint(size_t operand) const {
    return Operand(operand).quantization.value().zero_point;
  }
  int32_t OutZeroPoint() const { return Result().quantization.value().zero_point; }
  int32_t Int(const std::string& key) const {
    TF_CHECK(node_.Has(key), node_.name, "has no", key);
    return Narrow(node_.Int(key, 0));
  }
  // The constant stays alive in the graph. std::string data is aligned for every element type that
  // constants have.
  template <typename T>
  const T* Constant(size_t i) const {
    const Value& value = Operand(i);
    TF_CHECK(value.is_constant() && DTypeBytes(value.type) == static_cast<int64_t>(sizeof(T)),
             value.name);
    return reinterpret_cast<const T*>(value.data->data());
  }
  engine::OutputS8 Output() const {
    return {Constant<int32_t>(3), Int("shift"), OutZeroPoint(), Int("min"), Int("max")};
  }

  const Graph& graph_;
  const Node& node_;
  const bool fast_;
  std::vector<int32_t>* scratch_;
};

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
    steps_.push_back(StepMaker(graph, node, kernels, &activations_.scratch).Make());
  }
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
