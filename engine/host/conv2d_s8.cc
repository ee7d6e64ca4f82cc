// Dense convolution on a host.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8.h"

#include "engine/host/pair_convolution.h"

namespace tinyformer::engine::host {

void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  const Conv2dShape& s = layer.shape;
  const DenseRows rows(layer.weights, s.kernel_h * s.kernel_w, s.in_channels / s.groups);
  if (!convolve_pairs(s, layer.x_zero_point, layer.bias, layer.output, x, y, rows)) {
    ref::conv2d_s8(layer, x, y, scratch);
  }
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
