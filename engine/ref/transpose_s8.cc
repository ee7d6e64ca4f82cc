// Transposition of up to four axes.
#include "tinyformer/engine/transpose_s8.h"

namespace tinyformer::engine::ref {

void transpose_s8(const TransposeS8& layer, const int8_t* x, int8_t* y) {
  int32_t stride[4];  // of x's axes
  stride[3] = 1;
  for (int i = 2; i >= 0; --i) stride[i] = stride[i + 1] * layer.shape[i + 1];
  const int32_t* perm = layer.perm;
  for (int32_t a = 0; a < layer.shape[perm[0]]; ++a) {
    for (int32_t b = 0; b < layer.shape[perm[1]]; ++b) {
      for (int32_t c = 0; c < layer.shape[perm[2]]; ++c) {
        const int8_t* from = x + a * stride[perm[0]] + b * stride[perm[1]] + c * stride[perm[2]];
        for (int32_t d = 0; d < layer.shape[perm[3]]; ++d) *y++ = from[d * stride[perm[3]]];
      }
    }
  }
}

}  // namespace tinyformer::engine::ref
