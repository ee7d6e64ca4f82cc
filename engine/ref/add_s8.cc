// Elementwise addition.
#include "tinyformer/engine/add_s8.h"

#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine::ref {

void add_s8(const AddS8& layer, const int8_t* a, const int8_t* b, int8_t* y) {
  // The zero points' part and the rounding term do not change: |constant| < 2^30 by AddS8's bound
  // (128 <= 255), and so is the partial sum with a.
  const int32_t constant = (1 << (layer.shift - 1)) - layer.a_zero_point * layer.a_multiplier -
                           layer.b_zero_point * layer.b_multiplier;
  for (int32_t i = 0; i < layer.elements; ++i) {
    const int32_t acc = constant + a[i] * layer.a_multiplier + b[i] * layer.b_multiplier;
    y[i] =
        static_cast<int8_t>(clamp(layer.y_zero_point + (acc >> layer.shift), layer.min, layer.max));
  }
}

}  // namespace tinyformer::engine::ref
