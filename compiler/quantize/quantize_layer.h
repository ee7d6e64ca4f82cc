// The integers of one layer. Private to compiler/quantize.
#pragma once

#include "compiler/quantize/quantize_graph.h"

namespace tinyformer {

/// Rewrites node `n` (attributes and constant operands) to the quantized level.
/// Needs  its activations' quantizations
void QuantizeLayer(Graph* graph, size_t n, const QuantizeOptions& options);

}  // namespace tinyformer
