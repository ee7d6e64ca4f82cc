#include "search/space.h"

#include <algorithm>
#include <cmath>

namespace tinyformer {
namespace {

template <typename T>
double Size(const std::vector<T>& values) {
  return static_cast<double>(values.size());
}

// Of a stack of 1, 2, ... modules with so many variants each.
double CountStacks(const std::vector<int>& lengths, double variants, double if_any) {
  double sum = 0;
  for (int length : lengths) sum += length == 0 ? 1 : if_any * std::pow(variants, length);
  return sum;
}

}  // namespace

double CountNetworks(const SearchSpace& space) {
  const bool dense = std::count(space.sparsity.begin(), space.sparsity.end(), 0.0) > 0;
  const double policies = dense ? 1 + (Size(space.sparsity) - 1) * Size(space.block)
                                : Size(space.sparsity) * Size(space.block);
  const double mobilenet = Size(space.expansion) * policies;
  const double transformer = Size(space.mlp_ratio) * Size(space.residual) * policies;
  double total = 0;
  for (int stem : space.stem) {
    double networks = Size(space.last_linear) * policies * Size(space.pooling);
    for (size_t d = 0; d < space.dots.size(); ++d) {
      const DotSpace& dot = space.dots[d];
      double down = 0;
      for (const std::string& kind : space.downsample) {
        // A convolution on the image stays dense.
        const bool on_image = d == 0 && stem == 0 && kind != "inverted_residual";
        down += on_image ? 1 : policies;
      }
      networks *= Size(dot.dims) * down * CountStacks(dot.mobilenets, mobilenet, 1) *
                  CountStacks(dot.transformers, transformer, Size(dot.heads));
    }
    total += networks;
  }
  return total;
}

}  // namespace tinyformer
