// The graph's basic operations.
#include "compiler/ir/graph.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace tinyformer {
namespace {

template <typename T>
bool Holds(DType type);
template <>
bool Holds<float>(DType type) {
  return type == DType::kFloat32;
}
template <>
bool Holds<int8_t>(DType type) {
  return type == DType::kInt8;
}
template <>
bool Holds<uint8_t>(DType type) {
  return type == DType::kUint8 || type == DType::kBool;
}
template <>
bool Holds<int16_t>(DType type) {
  return type == DType::kInt16;
}
template <>
bool Holds<int32_t>(DType type) {
  return type == DType::kInt32;
}
template <>
bool Holds<int64_t>(DType type) {
  return type == DType::kInt64;
}

template <typename T>
std::vector<float> Reals(const Value& value) {
  std::vector<T> stored = value.Elements<T>();
  std::vector<float> reals(stored.size());
  if (!value.quantization) {
    for (size_t i = 0; i < stored.size(); ++i) reals[i] = static_cast<float>(stored[i]);
    return reals;
  }
  const Quantization& q = *value.quantization;
  int64_t inner = 1, channels = 1;
  if (q.axis >= 0) {
    channels = value.shape.at(static_cast<size_t>(q.axis));
    for (size_t d = static_cast<size_t>(q.axis) + 1; d < value.shape.size(); ++d) {
      inner *= value.shape[d];
    }
  }
  for (size_t i = 0; i < stored.size(); ++i) {
    float scale = q.scales[static_cast<size_t>((static_cast<int64_t>(i) / inner) % channels)];
    reals[i] = scale * static_cast<float>(static_cast<int64_t>(stored[i]) - q.zero_point);
  }
  return reals;
}

}  // namespace

const char* DTypeName(DType type) {
  switch (type) {
    case DType::kFloat32:
      return "float32";
    case DType::kInt8:
      return "int8";
    case DType::kUint8:
      return "uint8";
    case DType::kInt16:
      return "int16";
    case DType::kInt32:
      return "int32";
    case DType::kInt64:
      return "int64";
    case DType::kBool:
      return "bool";
  }
  return "?";
}

int64_t DTypeBytes(DType type) {
  switch (type) {
    case DType::kFloat32:
    case DType::kInt32:
      return 4;
    case DType::kInt16:
      return 2;
    case DType::kInt64:
      return 8;
    default:
      return 1;
  }
}

template <typename T>
std::vector<T> Value::Elements() const {
  TF_CHECK(is_constant(), "value", name, "is not a constant");
  TF_CHECK(Holds<T>(type), "value", name, "holds", DTypeName(type));
  TF_CHECK(data->size() == static_cast<size_t>(ElementCount(shape)) * sizeof(T), "value", name,
           "bytes", data->size());
  std::vector<T> elements(data->size() / sizeof(T));
  if (!elements.empty()) std::memcpy(elements.data(), data->data(), data->size());
  return elements;
}

template <typename T>
void Value::SetElements(const std::vector<T>& elements) {
  TF_CHECK(Holds<T>(type), "value", name, "holds", DTypeName(type));
  TF_CHECK(static_cast<int64_t>(elements.size()) == ElementCount(shape), "value", name, "elements",
           elements.size(), "shape", ToString(shape));
  data.emplace(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T));
}

#define TF_INSTANTIATE(T)                                                       \
  template std::vector<T> Value::Elements<T>() const;                           \
  template void Value::SetElements<T>(const std::vector<T>&);                   \
  template ValueId Graph::AddTypedConstant<T>(const std::string&, DType, Shape, \
                                              const std::vector<T>&);

int64_t Node::Int(const std::string& key, int64_t fallback) const {
  auto it = attributes.find(key);
  if (it == attributes.end()) return fallback;
  TF_CHECK(std::holds_alternative<int64_t>(it->second), "attribute", key, "of", name);
  return std::get<int64_t>(it->second);
}

double Node::Float(const std::string& key, double fallback) const {
  auto it = attributes.find(key);
  if (it == attributes.end()) return fallback;
  TF_CHECK(std::holds_alternative<double>(it->second), "attribute", key, "of", name);
  return std::get<double>(it->second);
}

std::string Node::Text(const std::string& key, const std::string& fallback) const {
  auto it = attributes.find(key);
  if (it == attributes.end()) return fallback;
  TF_CHECK(std::holds_alternative<std::string>(it->second), "attribute", key, "of", name);
  return std::get<std::string>(it->second);
}

std::vector<int64_t> Node::Ints(const std::string& key,
                                const std::vector<int64_t>& fallback) const {
  auto it = attributes.find(key);
  if (it == attributes.end()) return fallback;
  TF_CHECK(std::holds_alternative<std::vector<int64_t>>(it->second), "attribute", key, "of", name);
  return std::get<std::vector<int64_t>>(it->second);
}

ValueId Graph::AddValue(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size()) - 1;
}

ValueId Graph::AddConstant(const std::string& constant_name, Shape shape,
                           const std::vector<float>& elements) {
  return AddTypedConstant(constant_name, DType::kFloat32, std::move(shape), elements);
}

template <typename T>
ValueId Graph::AddTypedConstant(const std::string& constant_name, DType type, Shape shape,
                                const std::vector<T>& elements) {
  Value value{constant_name, type, std::move(shape), std::nullopt, std::nullopt};
  value.SetElements(elements);
  return AddValue(std::move(value));
}

TF_INSTANTIATE(float)
TF_INSTANTIATE(int8_t)
TF_INSTANTIATE(uint8_t)
TF_INSTANTIATE(int16_t)
TF_INSTANTIATE(int32_t)
TF_INSTANTIATE(int64_t)

ValueId Graph::AddNode(Node node, Shape output_shape) {
  ValueId output = AddValue({UniqueValueName(node.name), DType::kFloat32, std::move(output_shape),
                             std::nullopt, std::nullopt});
  node.outputs = {output};
  nodes.push_back(std::move(node));
  return output;
}

int Graph::Producer(ValueId id) const {
  for (size_t n = 0; n < nodes.size(); ++n) {
    const auto& outs = nodes[n].outputs;
    if (std::find(outs.begin(), outs.end(), id) != outs.end()) return static_cast<int>(n);
  }
  return -1;
}

std::vector<int> Graph::Readers(ValueId id) const {
  std::vector<int> readers;
  for (size_t n = 0; n < nodes.size(); ++n) {
    const auto& ins = nodes[n].inputs;
    if (std::find(ins.begin(), ins.end(), id) != ins.end()) readers.push_back(static_cast<int>(n));
  }
  return readers;
}

bool Graph::IsOutput(ValueId id) const {
  return std::find(outputs.begin(), outputs.end(), id) != outputs.end();
}

std::string Graph::UniqueValueName(const std::string& wanted) const {
  auto taken = [&](const std::string& candidate) {
    return std::any_of(values.begin(), values.end(),
                       [&](const Value& v) { return v.name == candidate; });
  };
  if (!taken(wanted)) return wanted;
  for (int i = 2;; ++i) {
    std::string candidate = wanted + "_" + std::to_string(i);
    if (!taken(candidate)) return candidate;
  }
}

std::vector<float> RealElements(const Value& value) {
  switch (value.type) {
    case DType::kFloat32:
      return value.Elements<float>();
    case DType::kInt8:
      return Reals<int8_t>(value);
    case DType::kUint8:
    case DType::kBool:
      return Reals<uint8_t>(value);
    case DType::kInt16:
      return Reals<int16_t>(value);
    case DType::kInt32:
      return Reals<int32_t>(value);
    case DType::kInt64:
      return Reals<int64_t>(value);
  }
  return {};
}

Graph Compact(const Graph& graph) {
  std::vector<bool> used(graph.values.size(), false);
  // A node stays when something reads one of its outputs, transitively from the graph's outputs.
  std::vector<bool> keep(graph.nodes.size(), false);
  for (ValueId id : graph.inputs) used[static_cast<size_t>(id)] = true;
  for (ValueId id : graph.outputs) used[static_cast<size_t>(id)] = true;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    keep[n] = std::any_of(node.outputs.begin(), node.outputs.end(),
                          [&](ValueId id) { return used[static_cast<size_t>(id)]; });
    if (!keep[n]) continue;
    for (ValueId id : node.outputs) used[static_cast<size_t>(id)] = true;
    for (ValueId id : node.inputs) {
      if (id != kNoValue) used[static_cast<size_t>(id)] = true;
    }
  }
  Graph result;
  result.name = graph.name;
  std::vector<ValueId> renumbered(graph.values.size(), kNoValue);
  for (size_t v = 0; v < graph.values.size(); ++v) {
    if (used[v]) renumbered[v] = result.AddValue(graph.values[v]);
  }
  auto renumber = [&](const std::vector<ValueId>& ids) {
    std::vector<ValueId> out;
    for (ValueId id : ids) out.push_back(id == kNoValue ? id : renumbered[static_cast<size_t>(id)]);
    return out;
  };
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!keep[n]) continue;
    Node node = graph.nodes[n];
    node.inputs = renumber(node.inputs);
    node.outputs = renumber(node.outputs);
    result.nodes.push_back(std::move(node));
  }
  result.inputs = renumber(graph.inputs);
  result.outputs = renumber(graph.outputs);
  return result;
}

}  // namespace tinyformer
