// Why each layer has its kernel, and where each tensor lies: what `compile --explain` prints.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "compiler/cost/cost.h"

namespace tinyformer {

/// A kernel that could compute a layer.
///
/// break_even_sparsity        from which it takes fewer bytes than dense (BreakEvenSparsity)
/// cycle_break_even_sparsity  from which it is estimated to take fewer cycles than dense, in
///                            [0, 1]; 1: never. Both 0 for dense.
struct Alternative {
  Kernel kernel;
  LayerCost cost;
  double break_even_sparsity = 0;
  double cycle_break_even_sparsity = 0;
  bool chosen = false;
};

/// The kernels of ListKernels for a layer of the plan, dense first; one for a layer without
/// weights.
std::vector<Alternative> ListAlternatives(const Graph& graph, const LayerPlan& layer,
                                          CodecRequest request);

/// One line a kernel of every layer with weights; '*' marks the chosen one.
std::string AlternativesTable(const Graph& graph, const Plan& plan, CodecRequest request);

/// [{kernel, sparsity, weight_bytes, cycles_estimate, break_even_sparsity,
/// cycle_break_even_sparsity, chosen}, ...]
Json AlternativesJson(const std::vector<Alternative>& alternatives);

/// One line a tensor or scratch: bytes, offset, regions, first and last layer, accessed bytes.
std::string TensorTable(const Plan& plan);

}  // namespace tinyformer
