// The per-layer table that `compile` prints.
#pragma once

#include <string>
#include <vector>

#include "compiler/cost/cost.h"

namespace tinyformer {

/// One line a layer: id, name, operator, kernel, code and block, sparsity and the code's break-even
/// sparsity, bytes stored and dense, MACs, effective MACs, estimated cycles; then the totals.
/// Columns are aligned; lines end with '\n', no trailing blanks.
std::string LayerTable(const Graph& graph, const Plan& plan);

/// Arena bytes of every strategy, the lower bound and the gap, where the bytes lie, and the tensors
/// alive at the peak.
std::string MemoryTable(const Graph& graph, const Plan& plan);

using TableRow = std::vector<std::string>;

/// Rows of equal length as text; columns first_right .. last_right are aligned right, the others
/// left. Lines end with '\n', no trailing blanks.
std::string AlignTable(const std::vector<TableRow>& rows, size_t first_right, size_t last_right);

/// 0.5 -> "50.0%".
std::string Percent(double share);

/// 1234567 -> "1,234,567".
std::string WithThousands(int64_t number);

}  // namespace tinyformer
