#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Moves transposes down past elementwise operators and removes chains of movements that keep the
/// elements' order.
///
/// Example  %1 = transpose(%0 [1,H,W,C]) to [1,C,H,W], %2 = reshape(%1) to [1,C,HW],
///          %3 = transpose(%2) to [1,HW,C]
///          ->   %3 = reshape(%0) to [1,HW,C]
///          %1 = transpose(%0 [1,H,W,C]), %2 = reshape(%1) to [1,CHW], %3 = linear(%2, $w)
///          ->   %2 = reshape(%0) to [1,HWC], %3 = linear(%2, $w') with the columns of w in the
///               new order
/// Needs    a graph after ToChannelsLast
/// Ensures  no two movements in a row whose composition keeps the order; none that is the identity
/// Leaves   transposes that really move elements
Graph CancelTransposes(Graph g);

}  // namespace tinyformer
