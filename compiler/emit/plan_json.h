// plan.json: what a firmware folder says of itself to `run`, `profile` and `report`.
#pragma once

#include <string>

#include "base/json.h"
#include "compiler/cost/cost.h"
#include "compiler/emit/emit.h"

namespace tinyformer {

/// The tensors of the plan: name, bytes, offset, first_layer, last_layer, scratch, holds; where the
/// target names its RAM also regions and accessed_bytes.
Json TensorsJson(const Plan& plan);

/// The folder's plan.json.
///
/// Layers are numbered by id = index + 1; `first_layer` and `last_layer` of tensors are indices
/// into `layers` (from 0), both included; memory_timeline has one entry a layer. Bytes everywhere.
Json PlanJson(const Graph& graph, const Plan& plan, const EmitOptions& options);

/// The `layers` list of `compile --json`: name, op, kernel, codec, block, sparsity,
/// break_even_sparsity, weight_bytes, dense_bytes, macs, effective_macs, cycles_estimate.
Json LayersJson(const Graph& graph, const Plan& plan);

/// The `strips` list of both: chains of layers that run by strips of rows: first, last (names of
/// layers), rows, bytes (of the rows that are in memory).
Json StripsJson(const Graph& graph, const Plan& plan);

}  // namespace tinyformer
