#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Passes annotated scales on through operators that only move or choose elements: from the operand
/// to the result, and back where all readers of the operand give it the same one. Where both sides
/// have their own, the rounding in between becomes a node, which no later pass takes away.
///
/// Example  %1 = Reshape(%0 q(0.1))           ->   %1 q(0.1)
///          %1 q(0.003) = MaxPool(%0 q(0.1))
///          ->   %2 q(0.1) = MaxPool(%0), %1 q(0.003) = requantize(%2)
/// Leaves   constants, and graphs without annotations
Graph PropagateQuantization(Graph g);

}  // namespace tinyformer
