// Dense convolution with SMLAD over im2col batches.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/conv2d_s8.h"

#include "engine/arm/im2col.h"

namespace tinyformer::engine::arm {

void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  const Conv2dShape& s = layer.shape;
  const DenseRows rows(layer.weights, layer.bias, layer.output, s.out_channels, conv2d_taps(s),
                       scratch);
  for_each_run<QuadLayout>(
      s, layer.x_zero_point, x, y, 1, static_cast<int16_t*>(scratch),
      static_cast<int8_t*>(scratch) + conv2d_s8_scratch_bytes(layer) - conv2d_window_bytes(s),
      [] {}, [&](const RowRange& range) { rows.compute(range); });
  limit_outputs(layer.output, y, s.out_h * s.out_w * s.out_channels);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
