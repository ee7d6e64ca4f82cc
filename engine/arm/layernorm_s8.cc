// Scaled-LayerNorm: layers that layernorm_rows.S has go there, others to the reference.
#if defined(__ARM_FEATURE_DSP)

#include "tinyformer/engine/layernorm_s8.h"

#include "engine/arm/layernorm_rows.h"

namespace tinyformer::engine::arm {

void layernorm_s8(const LayernormS8& layer, const int8_t* x, int8_t* y) {
  if (!layernorm_rows_apply(layer)) return ref::layernorm_s8(layer, x, y);
  LayernormJob job;
  job.x = x;
  job.y = y;
  job.gamma = layer.gamma;
  job.beta = layer.beta;
  job.multiplier = layer.multiplier;
  job.start = layer.y_zero_point * (1 << 16) + (1 << 15);
  job.quads = layer.channels / 4;
  job.channels = layer.channels;
  job.epsilon = static_cast<uint32_t>(layer.epsilon);
  job.largest_shift = 30 - layer.norm_bits;
  job.tail = layer.channels % 4;
  job.end = x + layer.rows * layer.channels;
  tinyformer_layernorm_rows(&job);
}

}  // namespace tinyformer::engine::arm

#endif  // defined(__ARM_FEATURE_DSP)
