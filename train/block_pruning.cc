#include "train/block_pruning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace tinyformer {
namespace {

/// Calls visit(weight index in file order, output channel, block index) for every weight.
template <typename Visit>
void VisitWeights(const LayerSpec& layer, const Visit& visit) {
  const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
  const int64_t taps = int64_t{layer.kernel} * layer.kernel, in = depthwise ? 1 : layer.in,
                block = layer.block;
  TF_CHECK(depthwise || in % block == 0, layer.name, "block", block);
  int64_t index = 0;
  for (int64_t o = 0; o < layer.out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t tap = 0; tap < taps; ++tap, ++index) {
        visit(index, o,
              depthwise ? o * layer.kernel + tap / layer.kernel
                        : (o * taps + tap) * (in / block) + i / block);
      }
    }
  }
}

}  // namespace

int64_t BlockCount(const LayerSpec& layer) {
  if (layer.kind == LayerSpec::Kind::kDepthwise) return int64_t{layer.out} * layer.kernel;
  return int64_t{layer.out} * layer.kernel * layer.kernel * layer.in / layer.block;
}

std::vector<float> BlockNorms(const LayerSpec& layer, const float* weights,
                              const std::vector<float>& row_scale) {
  std::vector<double> squares(static_cast<size_t>(BlockCount(layer)), 0.0);
  VisitWeights(layer, [&](int64_t index, int64_t o, int64_t block) {
    const double w =
        weights[index] * (row_scale.empty() ? 1.0 : double{row_scale[static_cast<size_t>(o)]});
    squares[static_cast<size_t>(block)] += w * w;
  });
  std::vector<float> norms(squares.size());
  for (size_t i = 0; i < norms.size(); ++i) norms[i] = static_cast<float>(std::sqrt(squares[i]));
  return norms;
}

std::vector<bool> KeepLargest(const std::vector<float>& norms, int64_t pruned) {
  std::vector<size_t> order(norms.size());
  std::iota(order.begin(), order.end(), size_t{0});
  auto smaller = [&](size_t a, size_t b) {
    return norms[a] != norms[b] ? norms[a] < norms[b] : a < b;
  };
  std::nth_element(order.begin(), order.begin() + pruned, order.end(), smaller);
  std::vector<bool> keep(norms.size(), true);
  for (int64_t i = 0; i < pruned; ++i) keep[order[static_cast<size_t>(i)]] = false;
  return keep;
}

std::vector<uint8_t> ExpandMask(const LayerSpec& layer, const std::vector<bool>& keep) {
  std::vector<uint8_t> mask(static_cast<size_t>(layer.weights));
  VisitWeights(layer, [&](int64_t index, int64_t, int64_t block) {
    mask[static_cast<size_t>(index)] = keep[static_cast<size_t>(block)] ? 1 : 0;
  });
  return mask;
}

int64_t PrunedBlocks(const LayerSpec& layer, double sparsity) {
  return std::llround(sparsity * static_cast<double>(BlockCount(layer)));
}

}  // namespace tinyformer
