// The per-layer table that `compile` prints.
#pragma once

#include <string>

#include "compiler/cost/cost.h"

namespace tinyformer {

/// One line a layer: id, name, operator, kernel, code and block, sparsity and the code's break-even
/// sparsity, bytes stored and dense, MACs, effective MACs, estimated cycles; then the totals.
/// Columns are aligned; lines end with '\n', no trailing blanks.
std::string LayerTable(const Graph& graph, const Plan& plan);

/// Arena bytes of every strategy, the lower bound and the gap, and the tensors alive at the peak.
std::string MemoryTable(const Graph& graph, const Plan& plan);

/// 1234567 -> "1,234,567".
std::string WithThousands(int64_t number);

}  // namespace tinyformer
