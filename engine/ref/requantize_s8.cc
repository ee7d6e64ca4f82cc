// Change of scale and zero point.
#include "tinyformer/engine/requantize_s8.h"

#include "tinyformer/engine/requantize.h"

namespace tinyformer::engine::ref {

void requantize_s8(const RequantizeS8& layer, const int8_t* x, int8_t* y) {
  for (int32_t i = 0; i < layer.elements; ++i) {
    const int32_t scaled = requantize(x[i] - layer.x_zero_point, layer.multiplier, layer.shift);
    y[i] = static_cast<int8_t>(clamp(layer.y_zero_point + scaled, layer.min, layer.max));
  }
}

}  // namespace tinyformer::engine::ref
