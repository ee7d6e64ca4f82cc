// Firmware that runs every softmax on every scale and kind of data, each under its own marker.
#include "bench/softmax/softmax_setup.h"
#include "bench/softmax/softmax_variants.h"
#include "sim/harness/fault_report.h"
#include "sim/harness/semihosting.h"
#include "tinyformer/engine/softmax_s8.h"

extern "C" {
volatile uint8_t tf_profile_marker[256];
}

// Written by compare_softmax.cc.
extern const int16_t softmax_tables[tinyformer::bench::kSoftmaxScaleCount][256];
extern const int32_t softmax_steps[tinyformer::bench::kSoftmaxScaleCount];

namespace tinyformer::bench {
namespace {

alignas(4) int8_t x[SOFTMAX_ROWS * kSoftmaxColumns], y[SOFTMAX_ROWS * kSoftmaxColumns];
LazyTable lazy;

void Run(int variant, int scale) {
  // 256 = 2^30 * 2^(9 - 31)
  const engine::SoftmaxS8 table = {
      SOFTMAX_ROWS, kSoftmaxColumns, softmax_tables[scale], 1 << 30, 9, -128, -128, 127};
  const ExponentialSoftmax exponential = {SOFTMAX_ROWS, kSoftmaxColumns, softmax_steps[scale]};
  switch (variant) {
    case kTable:
      return engine::softmax_s8(table, x, y);
    case kPlainTable:
      return engine::ref::softmax_s8(table, x, y);
    case kLazyTable:
      return softmax_lazy_table(exponential, x, y, lazy);
    default:
      return softmax_fixed_point(exponential, x, y);
  }
}

}  // namespace
}  // namespace tinyformer::bench

int main() {
  using namespace tinyformer::bench;
  for (int data = 0; data < kSoftmaxDataCount; ++data) {
    FillSoftmaxData(data, sizeof x, x);
    for (int scale = 0; scale < kSoftmaxScaleCount; ++scale) {
      for (int variant = 0; variant < kSoftmaxVariantCount; ++variant) {
        tf_profile_marker[SoftmaxMarker(variant, scale, data)] = 0;
        Run(variant, scale);
        tf_profile_marker[0] = 0;
      }
    }
  }
  tinyformer::semihosting::Exit(0);
}
