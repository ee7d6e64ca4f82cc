#include "train/modules/downsample.h"

#include "train/torch_compat.h"

namespace tinyformer {

Downsample::Downsample(const LayerFactory& factory, const std::string& name,
                       const std::string& kind)
    : pool_(kind == "conv_maxpool") {
  if (kind == "inverted_residual") {
    block_.emplace(factory, name, false);
  } else {
    conv_.emplace(factory, name + ".conv", Activation::kRelu);
  }
}

at::Tensor Downsample::Forward(const at::Tensor& x, const ForwardMode& mode) const {
  if (block_) return block_->Forward(x, mode);
  const at::Tensor y = conv_->Forward(x, mode);
  return pool_ ? at::max_pool2d(y, {2, 2}, {2, 2}) : y;
}

}  // namespace tinyformer
