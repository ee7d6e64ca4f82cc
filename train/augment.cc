#include "train/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace tinyformer {
namespace {

/// The index that mirrors i into [0, size) without repeating the edge: -1 -> 1, size -> size - 2.
int Reflect(int i, int size) {
  if (i < 0) i = -i;
  return i < size ? i : 2 * (size - 1) - i;
}

double DrawGamma(double a, Rng* rng) {
  if (a < 1) return DrawGamma(a + 1, rng) * std::pow(std::max(rng->Uniform(), 1e-300), 1 / a);
  const double d = a - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = rng->Normal(), v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(std::max(rng->Uniform(), 1e-300)) < 0.5 * x * x + d - d * v + d * std::log(v))
      return d * v;
  }
}

}  // namespace

void CropAndFlip(const ImageShape& shape, int pad, Rng* rng, const uint8_t* from, uint8_t* to) {
  TF_CHECK(pad < shape.height && pad < shape.width, "pad", pad);
  const int top = static_cast<int>(rng->Below(static_cast<uint64_t>(2 * pad + 1))) - pad;
  const int left = static_cast<int>(rng->Below(static_cast<uint64_t>(2 * pad + 1))) - pad;
  const bool flip = rng->Chance(0.5);
  const int c = shape.channels;
  for (int y = 0; y < shape.height; ++y) {
    const uint8_t* row = from + int64_t{Reflect(y + top, shape.height)} * shape.width * c;
    for (int x = 0; x < shape.width; ++x) {
      const int at = Reflect((flip ? shape.width - 1 - x : x) + left, shape.width);
      std::memcpy(to, row + at * c, static_cast<size_t>(c));
      to += c;
    }
  }
}

void EraseRectangle(const ImageShape& shape, const std::vector<uint8_t>& fill, Rng* rng,
                    uint8_t* pixels) {
  const double area = rng->Uniform(0.02, 0.33) * shape.height * shape.width;
  const double aspect = std::exp(rng->Uniform(std::log(0.3), std::log(3.3)));
  const int height =
      std::clamp(static_cast<int>(std::lround(std::sqrt(area * aspect))), 1, shape.height);
  const int width =
      std::clamp(static_cast<int>(std::lround(std::sqrt(area / aspect))), 1, shape.width);
  const int top = static_cast<int>(rng->Below(static_cast<uint64_t>(shape.height - height + 1)));
  const int left = static_cast<int>(rng->Below(static_cast<uint64_t>(shape.width - width + 1)));
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) {
      std::copy(fill.begin(), fill.end(), pixels + (int64_t{y} * shape.width + x) * shape.channels);
    }
  }
}

double DrawBeta(double a, Rng* rng) {
  const double x = DrawGamma(a, rng), y = DrawGamma(a, rng);
  return x + y > 0 ? x / (x + y) : 0.5;
}

BatchMix DrawBatchMix(const ImageShape& shape, double mixup, double cutmix, Rng* rng) {
  BatchMix mix;
  if (mixup <= 0 && cutmix <= 0) return mix;
  const bool cut = cutmix > 0 && (mixup <= 0 || rng->Chance(0.5));
  mix.kind = cut ? BatchMix::Kind::kCutmix : BatchMix::Kind::kMixup;
  mix.share = DrawBeta(cut ? cutmix : mixup, rng);
  if (!cut) return mix;
  const double side = std::sqrt(1 - mix.share);
  const int height = static_cast<int>(shape.height * side),
            width = static_cast<int>(shape.width * side);
  const int y = static_cast<int>(rng->Below(static_cast<uint64_t>(shape.height)));
  const int x = static_cast<int>(rng->Below(static_cast<uint64_t>(shape.width)));
  mix.top = std::max(0, y - height / 2);
  mix.left = std::max(0, x - width / 2);
  mix.bottom = std::min(shape.height, y - height / 2 + height);
  mix.right = std::min(shape.width, x - width / 2 + width);
  const double cut_area = double(mix.bottom - mix.top) * (mix.right - mix.left);
  mix.share = 1 - cut_area / (double(shape.height) * shape.width);
  return mix;
}

}  // namespace tinyformer
