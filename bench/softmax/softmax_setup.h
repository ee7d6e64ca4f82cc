// What the softmax comparison runs: the same in the firmware and on the host.
#pragma once

#include <stdint.h>

namespace tinyformer::bench {

constexpr int kSoftmaxColumns = 256;

/// Scales of the logits.
constexpr double kSoftmaxScales[] = {1.0 / 4, 1.0 / 16, 0.041, 1.0 / 64};
constexpr int kSoftmaxScaleCount = 4;

/// Kinds of data.
constexpr const char* kSoftmaxData[] = {"uniform", "bell", "one high", "all the same"};
constexpr int kSoftmaxDataCount = 4;

enum SoftmaxVariant { kTable, kPlainTable, kLazyTable, kFixedPoint, kSoftmaxVariantCount };
constexpr const char* kSoftmaxVariants[] = {"constant table (the engine's)",
                                            "constant table, plain C++", "lazily filled table",
                                            "fixed-point exponential"};

/// The profile marker of a run.
constexpr int SoftmaxMarker(int variant, int scale, int data) {
  return 1 + (variant * kSoftmaxScaleCount + scale) * kSoftmaxDataCount + data;
}

/// Rows of that kind of data, the same everywhere.
inline void FillSoftmaxData(int kind, int32_t count, int8_t* x) {
  uint32_t state = 1;
  const auto draw = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<int32_t>(state >> 24) - 128;
  };
  for (int32_t i = 0; i < count; ++i) {
    int32_t value = draw();
    if (kind == 1) value = (value + draw() + draw() + draw()) / 4;
    if (kind == 2) value = i % kSoftmaxColumns == 0 ? 127 : -128;
    if (kind == 3) value = 0;
    x[i] = static_cast<int8_t>(value);
  }
}

}  // namespace tinyformer::bench
