// Dense linear layer: the plain meaning.
#include "tinyformer/engine/linear_s8.h"

#include <string.h>

namespace tinyformer::engine::ref {

void linear_s8(const LinearS8& layer, const int8_t* x, int8_t* y, void* scratch) {
  int8_t* const token = static_cast<int8_t*>(scratch);
  for (int32_t t = 0; t < layer.tokens; ++t) {
    memcpy(token, x, static_cast<size_t>(layer.in));  // y may lie over it
    for (int32_t o = 0; o < layer.out; ++o) {
      const int8_t* row = layer.weights + o * layer.in;
      int32_t acc = layer.bias[o];
      for (int32_t i = 0; i < layer.in; ++i) acc += token[i] * row[i];
      *y++ = output_s8(layer.output, o, acc);
    }
    x += layer.in;
  }
}

}  // namespace tinyformer::engine::ref
