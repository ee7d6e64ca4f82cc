// ResNet's block of two 3x3 convolutions.
#pragma once

#include "train/modules/layers.h"

namespace tinyformer {

/// x + ReLU(conv3x3(ReLU(conv3x3(x)))), both with batch norm.
///
/// Layers  <name>.conv1, <name>.conv2
/// Source  He et al. 2016, figure 2, with the ReLU before the addition: an int8 addition then needs
///         no activation of its own
class Residual {
 public:
  Residual(const LayerFactory& factory, const std::string& name);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  ConvBn conv1_, conv2_;
};

}  // namespace tinyformer
