// Firmware that runs every LayerNorm at every shape, each under its own marker.
#include <stdint.h>

#include "bench/layernorm/layernorm_float.h"
#include "bench/layernorm/layernorm_setup.h"
#include "sim/harness/fault_report.h"
#include "sim/harness/semihosting.h"
#include "tinyformer/engine/layernorm_s8.h"

extern "C" {
volatile uint8_t tf_profile_marker[256];
}

namespace tinyformer::bench {
namespace {

constexpr int32_t kMostElements = 64 * 192, kMostChannels = 192;

alignas(4) int8_t x[kMostElements], y[kMostElements];
int16_t gamma[kMostChannels];
int32_t beta[kMostChannels];
float float_gamma[kMostChannels], float_beta[kMostChannels];

void Fill() {
  uint32_t state = 1;
  for (int8_t& value : x) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<int8_t>(state >> 24);
  }
  for (int32_t c = 0; c < kMostChannels; ++c) {
    gamma[c] = static_cast<int16_t>(16384 + 80 * c);
    beta[c] = 100000 * c;
    float_gamma[c] = 20.0f + 0.1f * static_cast<float>(c);
    float_beta[c] = 0.1f * static_cast<float>(c);
  }
}

void Run(int variant, const LayernormShape& shape) {
  if (variant == kFloat) {
    return layernorm_float({shape.rows, shape.channels, 0.01f, float_gamma, float_beta}, x, y);
  }
  const int32_t bits = variant == kNaiveBits ? 0 : (variant == kPaperBits ? 7 : shape.largest_bits);
  engine::layernorm_s8(
      {shape.rows, shape.channels, 20, bits, gamma, beta, 1 << 26, -17, 3, -128, 127}, x, y);
}

}  // namespace
}  // namespace tinyformer::bench

int main() {
  using namespace tinyformer::bench;
  Fill();
  for (int shape = 0; shape < kLayernormShapeCount; ++shape) {
    for (int variant = 0; variant < kLayernormVariantCount; ++variant) {
      tf_profile_marker[LayernormMarker(variant, shape)] = 0;
      Run(variant, kLayernormShapes[shape]);
      tf_profile_marker[0] = 0;
    }
  }
  tinyformer::semihosting::Exit(0);
}
