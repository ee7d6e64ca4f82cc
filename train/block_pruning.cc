#include "train/block_pruning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tinyformer {
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

}  // namespace tinyformer
