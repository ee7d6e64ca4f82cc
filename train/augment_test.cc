#include "train/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/randaugment.h"

namespace tinyformer {
namespace {

constexpr ImageShape kShape{9, 7, 3};

std::vector<uint8_t> RandomImage(uint64_t seed, const ImageShape& shape = kShape) {
  Rng rng(seed, "image");
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.bytes()));
  for (uint8_t& p : pixels) p = static_cast<uint8_t>(rng.Below(256));
  return pixels;
}

TEST(CropAndFlip, WithoutPaddingIsTheImageOrItsMirror) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<uint8_t> image = RandomImage(seed);
    std::vector<uint8_t> mirrored = image, out(image.size());
    for (int y = 0; y < kShape.height; ++y) {
      for (int x = 0; x < kShape.width; ++x) {
        for (int c = 0; c < 3; ++c) {
          mirrored[static_cast<size_t>((y * 7 + x) * 3 + c)] =
              image[static_cast<size_t>((y * 7 + 6 - x) * 3 + c)];
        }
      }
    }
    Rng rng(seed, "crop");
    CropAndFlip(kShape, 0, &rng, image.data(), out.data());
    EXPECT_TRUE(out == image || out == mirrored) << "seed " << seed;
  }
}

TEST(CropAndFlip, ReflectsPixelsFromInsideTheImage) {
  // Row y of the source holds 10 * y in every pixel: each output row must be one source row, and
  // neighbours must follow the reflected order 3 2 1 0 1 2 ... 8 7 6.
  std::vector<uint8_t> image(static_cast<size_t>(kShape.bytes())), out(image.size());
  for (int y = 0; y < kShape.height; ++y) {
    std::fill_n(image.begin() + y * 21, 21, static_cast<uint8_t>(10 * y));
  }
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed, "crop");
    CropAndFlip(kShape, 3, &rng, image.data(), out.data());
    for (int y = 0; y < kShape.height; ++y) {
      for (int i = 1; i < 21; ++i) ASSERT_EQ(out[size_t(y * 21 + i)], out[size_t(y * 21)]) << seed;
      if (y > 0) {
        ASSERT_EQ(std::abs(out[size_t(y * 21)] - out[size_t((y - 1) * 21)]), 10) << seed;
      }
    }
  }
}

TEST(CropAndFlip, IsAFunctionOfTheStream) {
  const std::vector<uint8_t> image = RandomImage(1);
  std::vector<uint8_t> a(image.size()), b(image.size());
  Rng first(7, "crop"), second(7, "crop");
  CropAndFlip(kShape, 4, &first, image.data(), a.data());
  CropAndFlip(kShape, 4, &second, image.data(), b.data());
  EXPECT_EQ(a, b);
}

TEST(EraseRectangle, ChangesOneRectangleOfTheStatedArea) {
  const ImageShape shape{32, 32, 1};
  for (uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<uint8_t> pixels(static_cast<size_t>(shape.bytes()), 9);
    Rng rng(seed, "erase");
    EraseRectangle(shape, {200}, &rng, pixels.data());
    int top = 32, left = 32, bottom = -1, right = -1, count = 0;
    for (int i = 0; i < 1024; ++i) {
      if (pixels[static_cast<size_t>(i)] != 200) continue;
      ++count;
      top = std::min(top, i / 32), bottom = std::max(bottom, i / 32);
      left = std::min(left, i % 32), right = std::max(right, i % 32);
    }
    EXPECT_EQ(count, (bottom - top + 1) * (right - left + 1)) << "seed " << seed;
    // 33 % and half a pixel of rounding on both sides of at most 32 by 19
    EXPECT_LE(count, 0.33 * 1024 + 0.5 * (32 + 32)) << "seed " << seed;
    EXPECT_GE(count, 1) << "seed " << seed;
  }
}

TEST(DrawBeta, HasTheMeanAndVarianceOfBeta) {
  for (double a : {0.2, 0.8, 1.0, 4.0}) {
    Rng rng(3, "beta");
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const double x = DrawBeta(a, &rng);
      ASSERT_GE(x, 0);
      ASSERT_LE(x, 1);
      sum += x, squares += x * x;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    EXPECT_NEAR(mean, 0.5, 5 * 0.5 / std::sqrt(kDraws))
        << a;  // five standard errors, deviation <= 1/2
    EXPECT_NEAR(variance, 1 / (4 * (2 * a + 1)), 0.01) << a;
  }
}

TEST(DrawBatchMix, CutmixSharesAreTheAreasOfTheRectangles) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, "mix");
    const BatchMix mix = DrawBatchMix({32, 32, 3}, 0, 1.0, &rng);
    ASSERT_EQ(mix.kind, BatchMix::Kind::kCutmix);
    EXPECT_GE(mix.top, 0);
    EXPECT_LE(mix.bottom, 32);
    EXPECT_GE(mix.left, 0);
    EXPECT_LE(mix.right, 32);
    EXPECT_DOUBLE_EQ(mix.share, 1 - (mix.bottom - mix.top) * (mix.right - mix.left) / 1024.0)
        << "seed " << seed;
  }
}

TEST(DrawBatchMix, OffDrawsNothing) {
  Rng rng(1, "mix"), untouched(1, "mix");
  EXPECT_EQ(DrawBatchMix(kShape, 0, 0, &rng).kind, BatchMix::Kind::kNone);
  EXPECT_EQ(rng.Next(), untouched.Next());
}

TEST(RandAugment, OfStrengthZeroChangesOnlyTonesThatDependOnNoStrength) {
  // Magnitude 0: rotate, shear, translate, solarise (threshold 256), posterise and the factors are
  // the identity; auto-contrast and equalise have no strength. An image that uses 0 and 255 evenly
  // in every channel is a fixed point of those.
  const ImageShape shape{8, 8, 3};
  std::vector<uint8_t> image(static_cast<size_t>(shape.bytes()));
  for (size_t i = 0; i < image.size(); ++i) image[i] = (i / 3) % 2 == 0 ? 0 : 255;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::vector<uint8_t> out = image;
    Rng rng(seed, "randaugment");
    RandAugment(shape, 1, 0, {1, 2, 3}, &rng, out.data());
    EXPECT_EQ(out, image) << "seed " << seed;
  }
}

TEST(RandAugment, AtFullStrengthChangesMostImages) {
  int changed = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<uint8_t> image = RandomImage(seed);
    std::vector<uint8_t> out = image;
    Rng rng(seed, "randaugment");
    RandAugment(kShape, 2, 30, {1, 2, 3}, &rng, out.data());
    changed += out != image;
  }
  EXPECT_GT(changed, 150);  // both operations leave the image alone in about (3/14)^2 of the draws
}

}  // namespace
}  // namespace tinyformer
