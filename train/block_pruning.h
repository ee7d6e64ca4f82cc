// Blockwise magnitude pruning of one layer: scores, choice, masks. No libtorch here.
#pragma once

#include <cstdint>
#include <vector>

#include "search/genome.h"

namespace tinyformer {

/// How a layer's weights fall into blocks of consecutive elements of the flattened OHWI order.
///
/// conv, linear  `block` input channels of one output channel and kernel position; block index over
/// [out][kh][kw][in / block] depthwise     one kernel row; block index over [out][kh] Needs block
/// divides in (ListLayers gives sparsity 0 where it does not)
int64_t BlockCount(const LayerSpec& layer);

/// The L2 norm of every block of weights (file order: OIHW, [out, in], depthwise [out, 1, kh, kw]),
/// each output channel's weights scaled by row_scale[out] (what folding its batch norm would do);
/// empty row_scale: 1.
std::vector<float> BlockNorms(const LayerSpec& layer, const float* weights,
                              const std::vector<float>& row_scale);

/// Which blocks stay: all but the `pruned` smallest; of equal ones the lower index goes first.
std::vector<bool> KeepLargest(const std::vector<float>& norms, int64_t pruned);

/// 1 where a weight stays, 0 where it is pruned, in file order.
std::vector<uint8_t> ExpandMask(const LayerSpec& layer, const std::vector<bool>& keep);

/// round(sparsity * blocks): what "sparsity" means to the byte.
int64_t PrunedBlocks(const LayerSpec& layer, double sparsity);

}  // namespace tinyformer
