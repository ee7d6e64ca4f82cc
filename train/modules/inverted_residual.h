// MobileNetV2's block: expand, depthwise, project.
#pragma once

#include "train/modules/layers.h"

namespace tinyformer {

/// 1x1 expand (ReLU6) -> 3x3 depthwise (ReLU6) -> 1x1 project (linear), plus the input when the
/// shapes are equal and residual is true. ReLU6 bounds the activations, which int8 needs.
///
/// Layers  <name>.expand, <name>.depthwise, <name>.project
/// Source  Sandler et al. 2018, MobileNetV2, figure 3
class InvertedResidual {
 public:
  InvertedResidual(const LayerFactory& factory, const std::string& name, bool residual);
  at::Tensor Forward(const at::Tensor& x, const ForwardMode& mode) const;

 private:
  ConvBn expand_, depthwise_, project_;
  bool residual_;
};

}  // namespace tinyformer
