#include "train/modules/inverted_residual.h"

#include "train/torch_compat.h"

namespace tinyformer {

InvertedResidual::InvertedResidual(const LayerFactory& factory, const std::string& name,
                                   bool residual)
    : expand_(factory, name + ".expand", Activation::kRelu6),
      depthwise_(factory, name + ".depthwise", Activation::kRelu6),
      project_(factory, name + ".project", Activation::kNone),
      residual_(residual) {}

at::Tensor InvertedResidual::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  const at::Tensor y = project_.Forward(depthwise_.Forward(expand_.Forward(x, mode), mode), mode);
  return residual_ ? mode.Activation(x + y) : y;
}

}  // namespace tinyformer
