// FloatEvaluator.
#include "compiler/ops/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace tinyformer {

int8_t QuantizeToInt8(float x, float scale, int32_t zero_point) {
  float q = std::nearbyint(x / scale) + static_cast<float>(zero_point);
  return static_cast<int8_t>(std::min(std::max(q, -128.0f), 127.0f));
}

FloatEvaluator::FloatEvaluator(const Graph& graph, EvaluateOptions options)
    : graph_(graph),
      options_(options),
      constants_(graph.values.size()),
      last_reader_(graph.values.size(), -1) {
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const Value& value = graph.values[v];
    if (value.is_constant()) constants_[v] = {value.shape, RealElements(value)};
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    for (ValueId id : graph.nodes[n].inputs) {
      if (id != kNoValue) last_reader_[static_cast<size_t>(id)] = static_cast<int>(n);
    }
  }
  for (ValueId id : graph.outputs)
    last_reader_[static_cast<size_t>(id)] = static_cast<int>(graph.nodes.size());
}

std::vector<Tensor> FloatEvaluator::Run(const std::vector<std::vector<float>>& inputs,
                                        const Observer& observer) const {
  TF_CHECK(inputs.size() == graph_.inputs.size(), "inputs", inputs.size());
  std::vector<Tensor> computed(graph_.values.size());
  auto finish = [&](ValueId id) {
    const Value& value = graph_.value(id);
    Tensor& tensor = computed[static_cast<size_t>(id)];
    if (observer) observer(id, tensor);
    if (!options_.simulate_quantization || !value.quantization) return;
    const float scale = value.quantization->scales.at(0);
    const int32_t zero = value.quantization->zero_point;
    for (float& x : tensor.data) {
      x = scale * static_cast<float>(QuantizeToInt8(x, scale, zero) - zero);
    }
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph_.value(graph_.inputs[i]);
    TF_CHECK(static_cast<int64_t>(inputs[i].size()) == ElementCount(value.shape), "input",
             value.name, "elements", inputs[i].size());
    computed[static_cast<size_t>(graph_.inputs[i])] = {value.shape, inputs[i]};
    finish(graph_.inputs[i]);
  }
  auto tensor_of = [&](ValueId id) -> const Tensor* {
    if (id == kNoValue) return nullptr;
    return graph_.value(id).is_constant() ? &constants_[static_cast<size_t>(id)]
                                          : &computed[static_cast<size_t>(id)];
  };
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    const OpDef* op = FindOp(node.op);
    TF_CHECK(op != nullptr && op->evaluate != nullptr, "no float meaning for", node.op);
    std::vector<const Tensor*> in;
    for (ValueId id : node.inputs) in.push_back(tensor_of(id));
    std::vector<Tensor*> out;
    for (ValueId id : node.outputs) {
      Tensor& tensor = computed[static_cast<size_t>(id)];
      tensor.shape = graph_.value(id).shape;
      tensor.data.resize(static_cast<size_t>(ElementCount(tensor.shape)));
      out.push_back(&tensor);
    }
    op->evaluate({graph_, node, kGraphOpset}, in, out);
    for (ValueId id : node.outputs) finish(id);
    for (ValueId id : node.inputs) {
      if (id == kNoValue || graph_.value(id).is_constant()) continue;
      if (last_reader_[static_cast<size_t>(id)] == static_cast<int>(n))
        computed[static_cast<size_t>(id)] = {};
    }
  }
  std::vector<Tensor> outputs;
  for (ValueId id : graph_.outputs) outputs.push_back(*tensor_of(id));
  return outputs;
}

std::vector<float> FloatEvaluator::Run(const std::vector<float>& input) const {
  return Run(std::vector<std::vector<float>>{input}).at(0).data;
}

}  // namespace tinyformer
