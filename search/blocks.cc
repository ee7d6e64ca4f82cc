#include "search/blocks.h"

#include <algorithm>
#include <cmath>

namespace tinyformer {

int64_t InnerElements(const LayerSpec& layer) {
  return layer.kind == LayerSpec::Kind::kDepthwise ? layer.kernel : layer.in / layer.pixels;
}

int64_t BlockCount(const LayerSpec& layer) { return layer.weights / layer.block; }

int64_t PrunedBlocks(const LayerSpec& layer, double sparsity) {
  return std::llround(sparsity * static_cast<double>(BlockCount(layer)));
}

std::vector<uint8_t> ExpandMask(const LayerSpec& layer, const std::vector<bool>& keep) {
  std::vector<uint8_t> mask(static_cast<size_t>(layer.weights));
  VisitWeights(layer, [&](int64_t index, int64_t, int64_t block) {
    mask[static_cast<size_t>(index)] = keep[static_cast<size_t>(block)] ? 1 : 0;
  });
  return mask;
}

std::vector<bool> CanonicalMask(const LayerSpec& layer) {
  const int64_t blocks = BlockCount(layer);
  if (layer.sparsity == 0) return std::vector<bool>(static_cast<size_t>(blocks), true);
  const int64_t kept = blocks - PrunedBlocks(layer, layer.sparsity);
  const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
  const int64_t width = depthwise ? layer.kernel : InnerElements(layer) / layer.block;
  const int64_t lines = blocks / width;
  std::vector<bool> keep(static_cast<size_t>(blocks), false);
  const int64_t least = kept / lines;  // that a line keeps; some keep one more
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t before = line * kept / lines, count = (line + 1) * kept / lines - before;
    // Of lines that keep as many, each starts one block further: all positions get their turn.
    const int64_t fuller = before - line * least, start = count > least ? fuller : line - fuller;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t position = (start + i * width / count) % width;
      keep[static_cast<size_t>(line * width + position)] = true;
    }
  }
  return keep;
}

}  // namespace tinyformer
