#include "data/synthetic.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "data/pixel_buffer.h"

namespace tinyformer {
namespace {

constexpr int kClasses = 10;
constexpr int kSide = 32;
constexpr int64_t kImageBytes = 3 * kSide * kSide;
constexpr int64_t kTrainImages = 10000;
constexpr int64_t kTestImages = 2000;
constexpr uint64_t kSeed = 0x54696e79;
constexpr int kUnit = 256;     // an object spans [-kUnit, kUnit] in its own coordinates
constexpr int kSubpixels = 4;  // per pixel and axis; lengths below are in subpixels
constexpr int kMinimumContrast = 60;

using Colour = std::array<int, 3>;

int Between(Rng& rng, int low, int high) {
  return low +
         static_cast<int>(rng.Below(static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1));
}

int Luma(const Colour& c) { return (77 * c[0] + 150 * c[1] + 29 * c[2]) / 256; }

Colour RandomColour(Rng& rng) {
  return {Between(rng, 20, 235), Between(rng, 20, 235), Between(rng, 20, 235)};
}

/// Lighter or darker than `other` with equal chance wherever both are possible.
Colour ContrastingColour(Rng& rng, const Colour& other) {
  for (;;) {
    Colour c = RandomColour(rng);
    if (std::abs(Luma(c) - Luma(other)) >= kMinimumContrast) return c;
  }
}

/// Whether the point (u, v) in [-kUnit, kUnit] is on the stripe of a pattern with `cycles` periods.
bool OnStripe(int position, int cycles, int phase) {
  return ((position + kUnit) * cycles * 2 / kUnit + phase) % 4 < 2;
}

bool Covers(int label, int u, int v, int cycles, int phase) {
  if (std::abs(u) > kUnit || std::abs(v) > kUnit) return false;
  int distance_squared = u * u + v * v;
  int edge = std::max(std::abs(u), std::abs(v));
  constexpr int kHole = kUnit * 9 / 16;
  constexpr int kArm = kUnit * 3 / 16;
  switch (label) {
    case 0:
      return OnStripe(v, cycles, phase);
    case 1:
      return OnStripe(u, cycles, phase);
    case 2:
      return OnStripe(u, 2, phase) != OnStripe(v, 2, 0);
    case 3: {
      constexpr int kCell = 2 * kUnit / 3;
      int du = (u + kUnit) % kCell - kCell / 2, dv = (v + kUnit) % kCell - kCell / 2;
      return du * du + dv * dv < 55 * 55;
    }
    case 4:
      return distance_squared <= kUnit * kUnit;
    case 5:
      return distance_squared <= kUnit * kUnit && distance_squared >= kHole * kHole;
    case 6:
      return edge <= kUnit * 15 / 16;
    case 7:
      return edge <= kUnit * 15 / 16 && edge >= kHole;
    case 8:
      return std::abs(u) <= kArm || std::abs(v) <= kArm;
    default:
      return std::abs(u - v) <= kArm * 3 / 2 || std::abs(u + v) <= kArm * 3 / 2;
  }
}

/// Where and how large the object is; lengths in subpixels, cosine and sine in 1/1024.
struct Pose {
  int x, y, radius, cosine, sine;
};

Pose RandomPose(Rng& rng) {
  int radius = Between(rng, 7 * kSubpixels, 10 * kSubpixels);
  int reach = radius + kSubpixels;
  int x = Between(rng, reach, kSide * kSubpixels - reach);
  int y = Between(rng, reach, kSide * kSubpixels - reach);
  // The half-angle formula keeps the tilt exact in integers: tan(angle / 2) = t / 128.
  int t = Between(rng, -10, 10);
  int norm = 128 * 128 + t * t;
  return {x, y, radius, 1024 * (128 * 128 - t * t) / norm, 1024 * 256 * t / norm};
}

/// Mixes `colour` into pixel (x, y) by coverage / kSubpixels^2.
void Blend(uint8_t* pixels, int x, int y, const Colour& colour, int coverage) {
  constexpr int kFull = kSubpixels * kSubpixels;
  uint8_t* p = pixels + 3 * (y * kSide + x);
  for (size_t c = 0; c < 3; ++c) {
    p[c] = static_cast<uint8_t>((p[c] * (kFull - coverage) + colour[c] * coverage) / kFull);
  }
}

void DrawBackground(Rng& rng, const Colour& base, uint8_t* pixels) {
  Colour slope_x, slope_y;
  for (size_t c = 0; c < 3; ++c) {
    slope_x[c] = Between(rng, -20, 20);
    slope_y[c] = Between(rng, -20, 20);
  }
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      for (size_t c = 0; c < 3; ++c) {
        int value = base[c] + (slope_x[c] * (2 * x - kSide) + slope_y[c] * (2 * y - kSide)) / kSide;
        pixels[3 * (y * kSide + x) + static_cast<int>(c)] =
            static_cast<uint8_t>(std::clamp(value, 0, 255));
      }
    }
  }
}

/// Small discs of any colour: edges that mean nothing.
void DrawDistractors(Rng& rng, uint8_t* pixels) {
  int count = Between(rng, 1, 3);
  for (int i = 0; i < count; ++i) {
    Colour colour = RandomColour(rng);
    int x = Between(rng, 0, kSide - 1), y = Between(rng, 0, kSide - 1);
    int radius_squared = Between(rng, 1, 5);
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) {
        bool inside = x + dx >= 0 && x + dx < kSide && y + dy >= 0 && y + dy < kSide;
        if (inside && dx * dx + dy * dy <= radius_squared) {
          Blend(pixels, x + dx, y + dy, colour, kSubpixels * kSubpixels * 3 / 4);
        }
      }
    }
  }
}

void DrawObject(Rng& rng, int label, const Colour& colour, uint8_t* pixels) {
  Pose pose = RandomPose(rng);
  int cycles = Between(rng, 3, 4), phase = Between(rng, 0, 3);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      int coverage = 0;
      for (int s = 0; s < kSubpixels * kSubpixels; ++s) {
        int dx = x * kSubpixels + s % kSubpixels - pose.x;
        int dy = y * kSubpixels + s / kSubpixels - pose.y;
        int u = (dx * pose.cosine + dy * pose.sine) / (4 * pose.radius);
        int v = (dy * pose.cosine - dx * pose.sine) / (4 * pose.radius);
        coverage += Covers(label, u, v, cycles, phase);
      }
      if (coverage > 0) Blend(pixels, x, y, colour, coverage);
    }
  }
}

/// Adds the sum of four bytes, centred and scaled: nearly normal, standard deviation about 11.
void AddNoise(Rng& rng, uint8_t* pixels) {
  for (int64_t i = 0; i < kImageBytes; i += 2) {
    uint64_t bits = rng.Next();
    for (int64_t j = i; j < i + 2; ++j, bits >>= 32) {
      int sum = static_cast<int>((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) +
                                 (bits >> 24 & 255));
      pixels[j] = static_cast<uint8_t>(std::clamp(pixels[j] + (sum - 510) * 19 / 256, 0, 255));
    }
  }
}

std::shared_ptr<const ImageSet> DrawAll(bool test, int64_t count) {
  auto pixels = std::make_shared<std::vector<uint8_t>>(static_cast<size_t>(count * kImageBytes));
  std::vector<int32_t> labels(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    auto label = static_cast<int>(i % kClasses);
    labels[static_cast<size_t>(i)] = label;
    DrawSynthetic(label, test, i, pixels->data() + i * kImageBytes);
  }
  const uint8_t* first = pixels->data();
  return std::make_shared<PixelBuffer>(std::move(labels), kImageBytes, first, std::move(pixels));
}

}  // namespace

void DrawSynthetic(int label, bool test, int64_t index, uint8_t* pixels) {
  Rng rng(kSeed, test ? "synthetic test" : "synthetic train", static_cast<uint64_t>(index));
  Colour background = RandomColour(rng);
  DrawBackground(rng, background, pixels);
  DrawDistractors(rng, pixels);
  DrawObject(rng, label, ContrastingColour(rng, background), pixels);
  AddNoise(rng, pixels);
}

ImageSource OpenSynthetic() {
  ImageSource source;
  source.height = source.width = kSide;
  source.channels = 3;
  source.class_names = {"lying stripes", "standing stripes", "checkerboard", "dots", "disc",
                        "ring",          "square",           "frame",        "plus", "x"};
  source.train = DrawAll(false, kTrainImages);
  source.test = DrawAll(true, kTestImages);
  return source;
}

}  // namespace tinyformer
