// Editing graphs and following data movement.
#include "compiler/passes/rewrite.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/movement.h"

namespace tinyformer {

void ReplaceUses(Graph* graph, ValueId from, ValueId to) {
  if (from == to) return;
  for (Node& node : graph->nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  }
  if (graph->IsOutput(from)) {
    std::replace(graph->outputs.begin(), graph->outputs.end(), from, to);
    const bool is_input = std::count(graph->inputs.begin(), graph->inputs.end(), to) > 0;
    if (!is_input) std::swap(graph->value(from).name, graph->value(to).name);
  }
  if (!graph->value(to).quantization && !graph->value(to).is_constant()) {
    graph->value(to).quantization = graph->value(from).quantization;
  }
}

void RequireConstantParameters(const Graph& graph, const Node& node) {
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == kNoValue || graph.value(node.inputs[i]).is_constant()) continue;
    throw Error("compile/weights-not-constant", "node '" + node.name + "' (" + node.op + ")",
                "constant weight and bias", "operands computed at run time",
                "export the trained parameters as initialisers");
  }
}

std::optional<float> ScalarConstant(const Graph& graph, ValueId id) {
  if (id == kNoValue || !graph.value(id).is_constant() || ElementCount(graph.value(id).shape) != 1)
    return std::nullopt;
  return RealElements(graph.value(id))[0];
}

namespace {

// Adds a value that takes over its name: whoever had it gets a numbered one (it is about to go).
ValueId AddRenaming(Graph* graph, Value value) {
  for (Value& holder : graph->values) {
    if (holder.name == value.name) holder.name = graph->UniqueValueName(value.name);
  }
  return graph->AddValue(std::move(value));
}

}  // namespace

ValueId TransposeConstant(Graph* graph, ValueId id, const std::vector<int64_t>& perm,
                          const std::string& name) {
  const Value& old = graph->value(id);
  Value moved{name, old.type, {}, old.quantization, std::string()};
  for (int64_t p : perm) moved.shape.push_back(old.shape.at(static_cast<size_t>(p)));
  std::vector<int64_t> index = TransposeElements(Iota(old.shape), old.shape, perm);
  const auto bytes = static_cast<size_t>(DTypeBytes(old.type));
  for (int64_t i : index) moved.data->append(*old.data, static_cast<size_t>(i) * bytes, bytes);
  if (moved.quantization && moved.quantization->axis >= 0) {
    auto at = std::find(perm.begin(), perm.end(), moved.quantization->axis);
    moved.quantization->axis = static_cast<int>(at - perm.begin());
  }
  return AddRenaming(graph, std::move(moved));
}

ValueId ReshapeConstant(Graph* graph, ValueId id, const Shape& shape, int axis,
                        const std::string& name) {
  Value moved = graph->value(id);
  TF_CHECK(ElementCount(shape) == ElementCount(moved.shape), moved.name, ToString(shape));
  moved.name = name;
  moved.shape = shape;
  if (moved.quantization && moved.quantization->axis >= 0) moved.quantization->axis = axis;
  return AddRenaming(graph, std::move(moved));
}

ValueId AddFloats(Graph* graph, const std::string& name, const Shape& shape,
                  const std::vector<float>& elements) {
  Value value{name, DType::kFloat32, shape, std::nullopt, std::nullopt};
  value.SetElements(elements);
  return AddRenaming(graph, std::move(value));
}

bool IsMovement(const Node& node) {
  return node.op == "Identity" || node.op == "Flatten" || node.op == "Reshape" ||
         node.op == "Transpose" || node.op == "reshape" || node.op == "transpose";
}

std::vector<int64_t> Iota(const Shape& shape) {
  std::vector<int64_t> index(static_cast<size_t>(ElementCount(shape)));
  std::iota(index.begin(), index.end(), 0);
  return index;
}

std::vector<int64_t> MoveIndices(const Graph& graph, const Node& node,
                                 const std::vector<int64_t>& source) {
  if (node.op != "Transpose" && node.op != "transpose") return source;
  const Shape& shape = graph.value(node.inputs[0]).shape;
  return TransposeElements(source, shape, TransposePerm(node, shape.size()));
}

std::vector<MovedValue> MovementSources(const Graph& graph, ValueId id, bool through_scaling) {
  std::vector<MovedValue> sources = {{id, Iota(graph.value(id).shape), 1.0}};
  while (true) {
    const MovedValue& last = sources.back();
    int producer = graph.Producer(last.source);
    if (producer < 0) return sources;
    const Node& node = graph.nodes[static_cast<size_t>(producer)];
    MovedValue next = last;
    if (IsMovement(node)) {
      next.source = node.inputs[0];
      std::vector<int64_t> from = MoveIndices(graph, node, Iota(graph.value(next.source).shape));
      for (int64_t& i : next.index) i = from[static_cast<size_t>(i)];
    } else if (through_scaling && node.op == "Mul") {
      const size_t constant = graph.value(node.inputs[0]).is_constant() ? 0 : 1;
      auto factor = ScalarConstant(graph, node.inputs[constant]);
      if (!factor) return sources;
      next.source = node.inputs[1 - constant];
      next.factor *= static_cast<double>(*factor);
    } else {
      return sources;
    }
    sources.push_back(std::move(next));
  }
}

}  // namespace tinyformer
