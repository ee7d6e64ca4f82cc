// The graph: nodes, values and constants in vectors; ids are indices; copying, printing and hashing
// are trivial.
//
// Start here:  Value (a tensor with its quantisation), Node (one operator), Graph, Verify.
// The operators and their attributes: compiler/ops/<op>.cc, listed in compiler/ops/all_ops.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/shape.h"

namespace tinyformer {

enum class DType : uint8_t { kFloat32, kInt8, kUint8, kInt16, kInt32, kInt64, kBool };

const char* DTypeName(DType type);  // "float32", "int8", ...
int64_t DTypeBytes(DType type);

constexpr float kScaleLimit = 1e30F;  // every scale is above 0 and below this

/// real = scale[c] * (stored - zero_point)
///
/// Per tensor: one scale, axis -1. Per channel: one scale per index of `axis`, zero point 0
/// (weights are symmetric).
/// Source  ONNX QuantizeLinear, opset 13
struct Quantization {
  std::vector<float> scales;
  int32_t zero_point = 0;
  int axis = -1;

  static Quantization PerTensor(float scale, int32_t zero_point) {
    return {{scale}, zero_point, -1};
  }
  bool operator==(const Quantization&) const = default;
};

using ValueId = int32_t;
constexpr ValueId kNoValue = -1;  // an optional input that is not there

/// A tensor. It is a constant when `data` is set, otherwise a node's output or the graph's input.
///
/// Three states of an activation: float (no quantization), annotated (type float32 with
/// quantization: what the int8 tensor will be), quantized (type int8 with quantization). Constants
/// likewise: a weight that came from a DequantizeLinear is int8 data with per-channel quantization
/// already.
struct Value {
  std::string name;  // unique in the graph
  DType type = DType::kFloat32;
  Shape shape;
  std::optional<Quantization> quantization;
  // Row-major little-endian bytes, ElementCount(shape) * DTypeBytes(type).
  std::optional<std::string> data;

  bool is_constant() const { return data.has_value(); }
  /// The constant's elements as T.
  /// Errors (bug)  not a constant, or sizes differ
  template <typename T>
  std::vector<T> Elements() const;
  template <typename T>
  void SetElements(const std::vector<T>& elements);
};

using Attribute =
    std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;

/// One operator: `op` names an OpDef; inputs and outputs are value ids.
struct Node {
  std::string name;  // the user's name for it (the ONNX node's name), kept through passes
  std::string op;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::map<std::string, Attribute> attributes;

  int64_t Int(const std::string& key, int64_t fallback) const;
  double Float(const std::string& key, double fallback) const;
  std::string Text(const std::string& key, const std::string& fallback) const;
  std::vector<int64_t> Ints(const std::string& key, const std::vector<int64_t>& fallback) const;
  bool Has(const std::string& key) const { return attributes.count(key) != 0; }
};

/// A network. Nodes are in execution order: every input is produced before it is read.
struct Graph {
  std::string name;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  ValueId AddValue(Value value);
  /// A float32 constant / any constant.
  ValueId AddConstant(const std::string& name, Shape shape, const std::vector<float>& elements);
  template <typename T>
  ValueId AddTypedConstant(const std::string& name, DType type, Shape shape,
                           const std::vector<T>& elements);
  /// Appends a node with one new float32 output of the given shape, named after the node (made
  /// unique); returns the output.
  ValueId AddNode(Node node, Shape output_shape);

  Value& value(ValueId id) { return values.at(static_cast<size_t>(id)); }
  const Value& value(ValueId id) const { return values.at(static_cast<size_t>(id)); }
  /// Index of the node that makes the value, or -1 (input, constant).
  int Producer(ValueId id) const;
  /// Indices of the nodes that read the value, in order, each once.
  std::vector<int> Readers(ValueId id) const;
  bool IsOutput(ValueId id) const;
  /// `name`, or `name_2`, `name_3`... : not yet the name of a value.
  std::string UniqueValueName(const std::string& name) const;
};

/// Checks structure (ids in range, one producer each, topological order, unique names, constants of
/// the right size) and every node against its OpDef.
/// Errors (bug)  CheckFailure that names `after`, the pass that broke it
void Verify(const Graph& graph, const std::string& after);

/// Text form, one line a node, for --dump and tests; equal graphs give equal text.
std::string Print(const Graph& graph);

/// XXH64 over everything in the graph, constants included.
std::string Fingerprint(const Graph& graph);

/// A constant's elements as real numbers: float32 as they are, integers with quantization as scale
/// * (q - zero point), other integers converted.
std::vector<float> RealElements(const Value& value);

/// Drops values that nothing reads or makes and renumbers; order of the rest is kept. Every pass
/// ends with it.
Graph Compact(const Graph& graph);

}  // namespace tinyformer
