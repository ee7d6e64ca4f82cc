#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Replaces nodes whose operands are all constant by their result.
///
/// Example  %1 = Transpose($w), %2 = MatMul(%0, %1)   ->   %2 = MatMul(%0, $w')
/// Needs    a graph at ONNX level
/// Ensures  no node without an activation among its operands; integer weights stay integer through
///          Transpose and Reshape
/// Leaves   the graph's outputs: a constant output stays a node
Graph FoldConstants(Graph g);

}  // namespace tinyformer
