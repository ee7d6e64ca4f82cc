// Dense convolution with SMLAD over im2col batches.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8.h"

#include "engine/arm/im2col.h"

namespace tinyformer::engine::arm {

void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  const int32_t taps = conv2d_taps(layer.shape);
  const Word* words = static_cast<const Word*>(scratch);
  for_each_run<QuadLayout>(
      layer.shape, layer.x_zero_point, x, y, 1, static_cast<int16_t*>(scratch), [] {},
      [&](const RowRange& range) {
        compute_dense_rows(layer.weights, taps, layer.shape.out_channels, layer.bias, layer.output,
                           words, range);
      });
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
