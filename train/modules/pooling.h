// From the last feature map to one vector per image.
#pragma once

#include <optional>

#include "train/modules/layers.h"

namespace tinyformer {

/// Shapes  x [n, dim, h, w] -> [n, dim] (seqpool, global) or [n, dim * h/2 * w/2] (average, in
///         NCHW order)
/// Kinds   seqpool: softmax over tokens of one learned score, then the weighted sum (Hassani et al.
///         2021, CCT); average: 2x2 average pool, flattened; global: mean over h and w
/// Layers  <name>.score (seqpool)
class Pooling {
 public:
  Pooling(const LayerFactory& factory, const std::string& name, const std::string& kind);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  std::optional<Linear> score_;
  bool average_;
};

}  // namespace tinyformer
