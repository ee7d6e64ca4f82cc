// The int8 graph that the compiler makes of a genome, without a single weight.
#pragma once

#include <map>
#include <string>

#include "compiler/ir/graph.h"
#include "search/genome.h"

namespace tinyformer {

/// What BuildGraph, Lower and QuantizeGraph make of the genome, as far as prices depend on it:
/// operators, shapes, constants' types. Constants are empty (their data has no bytes), weights lie
/// as the kernels want them, every activation has scale 1.
///
/// Nodes       with weights are named after their layers
/// Arithmetic  as calibration gives it: no clamp narrower than int8, every layer's multipliers
///             below one half (shift -1)
Graph BuildPricedGraph(const Genome& genome, const std::map<std::string, LayerSpec>& layers);

}  // namespace tinyformer
