// Softmax over rows.
#include "tinyformer/engine/softmax_s8.h"

namespace tinyformer::engine::ref {

void softmax_s8(const SoftmaxS8& layer, const int8_t* x, int8_t* y) {
  for (int32_t r = 0; r < layer.rows; ++r, x += layer.columns, y += layer.columns) {
    int32_t largest = -128;
    for (int32_t i = 0; i < layer.columns; ++i) largest = x[i] > largest ? x[i] : largest;
    uint32_t sum = 0;
    for (int32_t i = 0; i < layer.columns; ++i) {
      sum += static_cast<uint32_t>(layer.exp_table[largest - x[i]]);
    }
    const RowScale scale = row_scale(sum, layer.multiplier, layer.shift);
    for (int32_t i = 0; i < layer.columns; ++i) {
      const int32_t exponential = layer.exp_table[largest - x[i]];
      y[i] = static_cast<int8_t>(
          clamp(layer.y_zero_point + requantize(exponential, scale.multiplier, scale.shift),
                layer.min, layer.max));
    }
  }
}

}  // namespace tinyformer::engine::ref
