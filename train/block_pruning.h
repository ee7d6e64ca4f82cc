// Blockwise magnitude pruning of one layer: scores and choice; blocks and masks: search/blocks.h.
// No libtorch here.
#pragma once

#include <cstdint>
#include <vector>

#include "search/blocks.h"

namespace tinyformer {

/// The L2 norm of every block of weights (file order: OIHW, [out, in], depthwise [out, 1, kh, kw]),
/// each output channel's weights scaled by row_scale[out] (what folding its batch norm would do);
/// empty row_scale: 1.
std::vector<float> BlockNorms(const LayerSpec& layer, const float* weights,
                              const std::vector<float>& row_scale);

/// Which blocks stay: all but the `pruned` smallest; of equal ones the lower index goes first.
std::vector<bool> KeepLargest(const std::vector<float>& norms, int64_t pruned);

}  // namespace tinyformer
