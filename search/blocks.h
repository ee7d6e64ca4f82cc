// How a layer's weights fall into blocks, how many of them a sparsity prunes, and canonical masks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "search/genome.h"

namespace tinyformer {

/// How a layer's weights fall into blocks of consecutive elements of the flattened OHWI order.
///
/// conv, linear  `block` input channels of one output channel and position (of the kernel, of the
///               map that a linear layer sees flattened); block index over
///               [out][position][channels / block]
/// depthwise     one kernel row; block index over [out][kh]
/// Needs         block divides the channels (ListLayers gives sparsity 0 where it does not)
int64_t BlockCount(const LayerSpec& layer);

/// Elements of the dimension along which blocks lie: input channels; depthwise: the kernel's width.
int64_t InnerElements(const LayerSpec& layer);

/// round(sparsity * blocks): what "sparsity" means to the byte.
int64_t PrunedBlocks(const LayerSpec& layer, double sparsity);

/// Calls visit(weight index in file order, output channel, block index) for every weight. File
/// order: OIHW, [out, in], depthwise [out, 1, kh, kw].
template <typename Visit>
void VisitWeights(const LayerSpec& layer, const Visit& visit) {
  const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
  const int64_t channels = depthwise ? 1 : InnerElements(layer), block = layer.block;
  const int64_t positions = int64_t{layer.kernel} * layer.kernel * layer.pixels;
  TF_CHECK(depthwise || channels % block == 0, layer.name, "block", block);
  int64_t index = 0;
  for (int64_t o = 0; o < layer.out; ++o) {
    for (int64_t i = 0; i < channels; ++i) {
      for (int64_t at = 0; at < positions; ++at, ++index) {
        visit(index, o,
              depthwise ? o * layer.kernel + at / layer.kernel
                        : (o * positions + at) * (channels / block) + i / block);
      }
    }
  }
}

/// 1 where a weight stays, 0 where it is pruned, in file order.
std::vector<uint8_t> ExpandMask(const LayerSpec& layer, const std::vector<bool>& keep);

/// The canonical mask of a layer: which blocks stay, before anything is trained. Exactly
/// PrunedBlocks(layer, layer.sparsity) are zero, spread evenly: over the lines of the layer (kernel
/// positions of output channels; depthwise: channels), along each line, and from line to line, so
/// that every output channel keeps a block as long as there are enough, and every input channel as
/// long as there are twice as many.
///
/// Stored in a sparse code it needs no filler up to a sparsity of 0.95.
std::vector<bool> CanonicalMask(const LayerSpec& layer);

}  // namespace tinyformer
