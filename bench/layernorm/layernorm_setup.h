// What the LayerNorm comparison runs: the same in the firmware and on the host.
#pragma once

namespace tinyformer::bench {

enum LayernormVariant { kNaiveBits, kPaperBits, kLargestBits, kFloat, kLayernormVariantCount };
constexpr const char* kLayernormVariants[] = {"naive int8, k = 0", "the paper's k = 7",
                                              "largest k (the engine's)", "float"};

struct LayernormShape {
  int rows, channels, largest_bits;
};
constexpr LayernormShape kLayernormShapes[] = {{256, 44, 12}, {64, 192, 11}};
constexpr int kLayernormShapeCount = 2;

/// The profile marker of a run.
constexpr int LayernormMarker(int variant, int shape) {
  return 1 + variant * kLayernormShapeCount + shape;
}

}  // namespace tinyformer::bench
