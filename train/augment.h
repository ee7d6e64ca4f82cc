// Changes to training images that keep what they show. Bytes in, bytes out; every change draws from
// the stream it is given.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace tinyformer {

struct ImageShape {
  int height = 0, width = 0, channels = 0;
  int64_t bytes() const { return int64_t{height} * width * channels; }
};

/// A window of the image's own size out of the image padded by `pad` reflected pixels, mirrored
/// left to right half of the time. from and to are HWC and must not overlap; pad is less than both
/// sides.
void CropAndFlip(const ImageShape& shape, int pad, Rng* rng, const uint8_t* from, uint8_t* to);

/// Fills a random rectangle (2 % to 33 % of the area, aspect 0.3 to 3.3) with `fill` (one byte per
/// channel).
/// Source  Zhong et al. 2017, Random Erasing, algorithm 1
void EraseRectangle(const ImageShape& shape, const std::vector<uint8_t>& fill, Rng* rng,
                    uint8_t* pixels);

/// How one batch is mixed with itself in reverse order: image i with image n - 1 - i.
struct BatchMix {
  enum class Kind { kNone, kMixup, kCutmix } kind = Kind::kNone;
  double share = 1;  // of the image's own label; the partner has the rest
  int top = 0, left = 0, bottom = 0, right = 0;  // cutmix: the partner's rectangle
};

/// Draws a mix. mixup and cutmix are the Beta distributions' parameters, 0 for off.
/// Source  Zhang et al. 2017 (mixup); Yun et al. 2019 (CutMix)
BatchMix DrawBatchMix(const ImageShape& shape, double mixup, double cutmix, Rng* rng);

/// A draw of Beta(a, a), a > 0: Gamma draws by Marsaglia and Tsang 2000.
double DrawBeta(double a, Rng* rng);

}  // namespace tinyformer
