// Dense linear layer on a host.
#if !defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/linear_s8.h"

#include "engine/host/pair_convolution.h"

namespace tinyformer::engine::host {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  const Conv2dShape shape = linear_as_conv2d(layer.tokens, layer.in, layer.out);
  const DenseRows rows(layer.weights, 1, layer.in);
  if (!convolve_pairs(shape, 0, layer.bias, layer.output, x, y, rows)) {
    ref::linear_s8(layer, x, y, scratch);
  }
}

}  // namespace tinyformer::engine::host

#endif  // !defined(__ARM_FEATURE_DSP)
