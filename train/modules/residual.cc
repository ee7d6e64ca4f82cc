#include "train/modules/residual.h"

#include "train/torch_compat.h"

namespace tinyformer {

Residual::Residual(const LayerFactory& factory, const std::string& name)
    : conv1_(factory, name + ".conv1", Activation::kRelu),
      conv2_(factory, name + ".conv2", Activation::kRelu) {}

at::Tensor Residual::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  return mode.Activation(x + conv2_.Forward(conv1_.Forward(x, mode), mode));
}

}  // namespace tinyformer
