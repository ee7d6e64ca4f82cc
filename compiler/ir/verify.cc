// Verify: what every pass must leave true.
#include <set>

#include "base/check.h"
#include "compiler/ir/graph.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

void VerifyValues(const Graph& graph, const std::string& after) {
  std::set<std::string> names;
  for (const Value& v : graph.values) {
    TF_CHECK(!v.name.empty(), "after", after, "a value has no name");
    TF_CHECK(names.insert(v.name).second, "after", after, "two values are called", v.name);
    // A constant may be empty: the shape of a scalar.
    for (int64_t d : v.shape)
      TF_CHECK(d > 0 || (v.data && d == 0), "after", after, v.name, "has shape", ToString(v.shape));
    if (v.data) {
      TF_CHECK(static_cast<int64_t>(v.data->size()) == ElementCount(v.shape) * DTypeBytes(v.type),
               "after", after, "constant", v.name, "holds bytes", v.data->size());
    }
    if (!v.quantization) continue;
    const Quantization& q = *v.quantization;
    size_t channels = 1;
    if (q.axis >= 0) {
      TF_CHECK(q.axis < static_cast<int>(v.shape.size()), "after", after, v.name, "axis", q.axis);
      channels = static_cast<size_t>(v.shape[static_cast<size_t>(q.axis)]);
    }
    TF_CHECK(q.scales.size() == channels, "after", after, v.name, "scales", q.scales.size());
    for (float s : q.scales) TF_CHECK(s > 0 && s < kScaleLimit, "after", after, v.name, "scale", s);
  }
}

}  // namespace

void Verify(const Graph& graph, const std::string& after) {
  VerifyValues(graph, after);
  const auto count = static_cast<ValueId>(graph.values.size());
  std::vector<bool> known(graph.values.size(), false);
  for (ValueId id = 0; id < count; ++id)
    known[static_cast<size_t>(id)] = graph.value(id).is_constant();
  auto define = [&](ValueId id, const std::string& by) {
    TF_CHECK(id >= 0 && id < count, "after", after, by, "makes value", id);
    TF_CHECK(!known[static_cast<size_t>(id)], "after", after, by, "makes", graph.value(id).name,
             "a second time");
    known[static_cast<size_t>(id)] = true;
  };
  for (ValueId id : graph.inputs) define(id, "the graph's input");
  for (const Node& node : graph.nodes) {
    TF_CHECK(FindOp(node.op) != nullptr, "after", after, node.name, "has no operator", node.op);
    for (ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      TF_CHECK(id >= 0 && id < count, "after", after, node.name, "reads value", id);
      TF_CHECK(known[static_cast<size_t>(id)], "after", after, node.name, "reads",
               graph.value(id).name, "before it is made");
    }
    for (ValueId id : node.outputs) define(id, node.name);
    std::vector<Shape> shapes;
    try {
      shapes = InferShapes({graph, node, kGraphOpset});
    } catch (const Error& error) {
      TF_CHECK(false, "after", after, error.what());
    }
    TF_CHECK(shapes.size() == node.outputs.size(), "after", after, node.name, "outputs",
             node.outputs.size());
    for (size_t i = 0; i < shapes.size(); ++i) {
      const Value& out = graph.value(node.outputs[i]);
      TF_CHECK(out.shape == shapes[i], "after", after, out.name, "has shape", ToString(out.shape),
               "but", node.op, "gives", ToString(shapes[i]));
    }
  }
  for (ValueId id : graph.outputs) {
    TF_CHECK(id >= 0 && id < count && known[static_cast<size_t>(id)], "after", after,
             "nothing makes output", id);
  }
}

}  // namespace tinyformer
