// Dense linear layer: the plain meaning.
#include "tinyformer/engine/linear_s8.h"

namespace tinyformer::engine::ref {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void*) {
  for (int32_t t = 0; t < layer.tokens; ++t) {
    for (int32_t o = 0; o < layer.out; ++o) {
      const int8_t* row = layer.weights + o * layer.in;
      int32_t acc = layer.bias[o];
      for (int32_t i = 0; i < layer.in; ++i) acc += x[i] * row[i];
      *y++ = output_s8(layer.output, o, acc);
    }
    x += layer.in;
  }
}

}  // namespace tinyformer::engine::ref
