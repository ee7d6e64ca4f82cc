// Halves height and width: the three choices of the search space.
#pragma once

#include <optional>

#include "train/modules/inverted_residual.h"

namespace tinyformer {

/// Shapes  x [n, in, h, w] -> [n, dim, h / 2, w / 2]
/// Kinds   conv_maxpool: conv3x3, ReLU, 2x2 max pool; conv_stride2: conv3x3 of stride 2, ReLU;
///         inverted_residual: of stride 2
/// Layers  <name>.conv, or <name>.{expand,depthwise,project}
/// Source  SPEC section 2, D0 to D2
class Downsample {
 public:
  Downsample(const LayerFactory& factory, const std::string& name, const std::string& kind);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  std::optional<ConvBn> conv_;
  std::optional<InvertedResidual> block_;
  bool pool_;
};

}  // namespace tinyformer
