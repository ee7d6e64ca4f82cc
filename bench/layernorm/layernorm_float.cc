#include "bench/layernorm/layernorm_float.h"

namespace tinyformer::bench {
namespace {

// The square root instruction alone: the library's sqrtf also sets errno.
float square_root(float value) {
#if defined(__arm__)
  float root;
  __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(value));
  return root;
#else
  return __builtin_sqrtf(value);
#endif
}

}  // namespace

void layernorm_float(const FloatLayernorm& layer, const int8_t* x, int8_t* y) {
  const int32_t channels = layer.channels;
  const float share = 1.0f / static_cast<float>(channels);
  for (int32_t r = 0; r < layer.rows; ++r, x += channels, y += channels) {
    // Sums of integers are exact; they fit 32 bits for up to 32768 channels.
    int32_t sum = 0, squares = 0;
    for (int32_t c = 0; c < channels; ++c) {
      sum += x[c];
      squares += x[c] * x[c];
    }
    const float mean = static_cast<float>(sum) * share;
    const float variance = static_cast<float>(squares) * share - mean * mean;
    const float inverse = 1.0f / square_root(variance + layer.epsilon);
    for (int32_t c = 0; c < channels; ++c) {
      const float norm = (static_cast<float>(x[c]) - mean) * inverse;
      const int32_t value =
          static_cast<int32_t>(__builtin_floorf(norm * layer.gamma[c] + layer.beta[c] + 0.5f));
      const int32_t low = value < -128 ? -128 : value;
      y[c] = static_cast<int8_t>(low > 127 ? 127 : low);
    }
  }
}

}  // namespace tinyformer::bench
