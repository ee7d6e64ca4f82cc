// The operator table: everything the compiler knows of an operator before code is emitted.
//
// Start here:  OpDef, FindOp. How to add one: docs/adding_an_operator.md.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "compiler/ir/graph.h"

namespace tinyformer {

/// The ONNX operator sets that import accepts.
constexpr int kFirstOpset = 11;
constexpr int kLastOpset = 20;
/// What attributes mean inside the graph, and what export writes.
constexpr int kGraphOpset = 17;

/// A node where it stands; opset is the file's (for messages and for attributes whose meaning
/// changed).
struct OpSite {
  const Graph& graph;
  const Node& node;
  int opset = kGraphOpset;

  size_t input_count() const { return node.inputs.size(); }
  /// True when input i is given (optional inputs may be absent).
  bool has_input(size_t i) const { return i < node.inputs.size() && node.inputs[i] != kNoValue; }
  const Value& input(size_t i) const { return graph.value(node.inputs.at(i)); }
  const Shape& shape(size_t i) const { return input(i).shape; }
};

/// Throws Error `code` whose object is "node 'name' (Op, opset n)".
[[noreturn]] void FailNode(const OpSite& site, const std::string& code, const std::string& expected,
                           const std::string& found, const std::string& fix);

/// A float tensor while a graph is evaluated.
struct Tensor {
  Shape shape;
  std::vector<float> data;
};

/// How the operator's output gets its quantization.
enum class QuantizeRule {
  kOwnScale,     // the output is calibrated
  kInputScale,   // the output keeps the input's scale and zero point
  kNotQuantized  // the output never exists as int8
};

/// One operator.
///
/// infer     checks operand counts, ranks and attributes (Errors name node, operator, opset) and
///           gives the outputs' shapes
/// evaluate  float meaning; operands in the order of node.inputs (null: absent), outputs' shapes
///           are set and data is sized
struct OpDef {
  enum class Level { kOnnx, kLowered };

  const char* name;
  Level level;
  int min_inputs;
  int max_inputs;  // -1: any number (a quantized node carries its parameters as further operands)
  const char* accepts;  // what of the operator is covered, for `tinyformer ops` and the docs
  QuantizeRule quantize;
  std::vector<Shape> (*infer)(const OpSite& site);
  void (*evaluate)(const OpSite& site, const std::vector<const Tensor*>& in,
                   const std::vector<Tensor*>& out);
  int first_opset = kFirstOpset;
};

/// Sorted by name, ONNX level first.
const std::vector<const OpDef*>& AllOps();

/// The operator called `name`, or null.
const OpDef* FindOp(const std::string& name);

/// An ONNX operator that import takes and no graph holds.
struct AbsorbedOp {
  const char* name;
  int min_inputs;
  int max_inputs;
  const char* accepts;  // as of OpDef, and what becomes of it
};

/// The absorbed operator called `name`, or null.
const AbsorbedOp* FindAbsorbedOp(const std::string& name);

/// "Add, AveragePool, ...": what import accepts, with those that it absorbs.
std::string SupportedOnnxOps();

/// For `tinyformer ops`: [{"name", "level", "opsets", "accepts", "quantize"}].
Json ListOps();

/// Checks a node's operand count and runs its OpDef's infer.
/// Errors  import/unsupported-op, import/operands, and the op's own
std::vector<Shape> InferShapes(const OpSite& site);

// What several operators check.

/// That a node has so many operands, the first min_inputs of which are given.
/// max_inputs  -1: any number
/// Errors      import/operands
void RequireOperands(const OpSite& site, int min_inputs, int max_inputs);

/// Errors  import/rank
void RequireRank(const OpSite& site, size_t input, size_t rank);
/// axis in [0, rank) from an attribute that may be negative.
/// Errors  import/axis
int NormalizeAxis(const OpSite& site, int64_t axis, size_t rank);
/// NumPy broadcasting of two shapes.
/// Errors  import/broadcast
Shape BroadcastShapes(const OpSite& site, const Shape& a, const Shape& b);

}  // namespace tinyformer
