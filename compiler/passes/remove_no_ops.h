#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Removes operators that change nothing.
///
/// Example  %1 = Reshape(%0) to %0's own shape, %2 = Relu(%1)   ->   %2 = Relu(%0)
/// Needs    any level
/// Ensures  no Identity, no Reshape or Flatten to the operand's shape, no Transpose in order, no
///          pool with a 1x1 window and stride 1
Graph RemoveNoOps(Graph g);

}  // namespace tinyformer
