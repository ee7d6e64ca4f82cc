// What the passes share: replacing values, reading and moving constants, following data movement.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Every reader of `from` (nodes and graph outputs) reads `to` instead. If `from` was an output of
/// the graph, the two swap names, so that the output keeps the user's name; a quantization that
/// only `from` has moves to `to`.
void ReplaceUses(Graph* graph, ValueId from, ValueId to);

/// Every operand but the first is a constant.
/// Errors  compile/weights-not-constant
void RequireConstantParameters(const Graph& graph, const Node& node);

/// The one number that a constant holds, if it holds one.
std::optional<float> ScalarConstant(const Graph& graph, ValueId id);

/// A constant in transposed order, its channel axis moved along; a new value called `name`
/// (a value that had the name gets a numbered one: it is about to go).
ValueId TransposeConstant(Graph* graph, ValueId id, const std::vector<int64_t>& perm,
                          const std::string& name);

/// A constant with the same bytes and another shape.
/// Needs  one scale, or a channel axis that `axis` names in the new shape
ValueId ReshapeConstant(Graph* graph, ValueId id, const Shape& shape, int axis,
                        const std::string& name);

/// A new float32 constant that takes over the name.
ValueId AddFloats(Graph* graph, const std::string& name, const Shape& shape,
                  const std::vector<float>& elements);

/// True for operators that only move or rename elements: Identity, Flatten, Reshape, Transpose,
/// reshape, transpose.
bool IsMovement(const Node& node);

/// For each element of the movement's output, the index of its source in the operand whose elements
/// are `source` (source[i]: where element i of the node's operand comes from).
std::vector<int64_t> MoveIndices(const Graph& graph, const Node& node,
                                 const std::vector<int64_t>& source);

/// 0, 1, ..., elements of the shape - 1.
std::vector<int64_t> Iota(const Shape& shape);

/// Where a value's elements come from: an ancestor through movement operators only (and, if
/// allowed, multiplications by a constant number, whose product is `factor`), and for each element
/// its index in the ancestor.
struct MovedValue {
  ValueId source = kNoValue;
  std::vector<int64_t> index;
  double factor = 1.0;
};

/// All ancestors of `id` through movements, nearest first, starting with `id` itself.
std::vector<MovedValue> MovementSources(const Graph& graph, ValueId id,
                                        bool through_scaling = false);

}  // namespace tinyformer
