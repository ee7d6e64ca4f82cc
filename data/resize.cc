#include "data/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace tinyformer {
namespace {

constexpr int kWeightBits = 16;

/// The input samples that make one output sample; weights sum to exactly 2^kWeightBits.
struct Tap {
  int first = 0;
  std::vector<int> weights;
};

std::vector<Tap> MakeTaps(int in, int out) {
  double step = static_cast<double>(in) / out;
  double support = std::max(step, 1.0);
  std::vector<Tap> taps(static_cast<size_t>(out));
  for (int o = 0; o < out; ++o) {
    double centre = (o + 0.5) * step;
    int first = std::max(0, static_cast<int>(std::floor(centre - support)));
    int last = std::min(in - 1, static_cast<int>(std::ceil(centre + support)));
    std::vector<double> shares;
    double total = 0;
    for (int i = first; i <= last; ++i) {
      shares.push_back(std::max(0.0, 1 - std::abs(i + 0.5 - centre) / support));
      total += shares.back();
    }
    Tap& tap = taps[static_cast<size_t>(o)];
    tap.first = first;
    int left = 1 << kWeightBits;
    for (double share : shares) {
      tap.weights.push_back(static_cast<int>(std::lround(share / total * (1 << kWeightBits))));
      left -= tap.weights.back();
    }
    *std::max_element(tap.weights.begin(), tap.weights.end()) += left;
  }
  return taps;
}

/// out[o] = rounded sum of taps[o] over one line; stride between a line's samples, in bytes.
void FilterLine(const std::vector<Tap>& taps, const uint8_t* in, size_t in_stride, uint8_t* out,
                size_t out_stride) {
  for (const Tap& tap : taps) {
    const uint8_t* sample = in + static_cast<size_t>(tap.first) * in_stride;
    int64_t sum = 1 << (kWeightBits - 1);
    for (int weight : tap.weights) {
      sum += static_cast<int64_t>(weight) * *sample;
      sample += in_stride;
    }
    *out = static_cast<uint8_t>(sum >> kWeightBits);
    out += out_stride;
  }
}

}  // namespace

RgbImage Resize(const RgbImage& image, int height, int width) {
  if (image.height == height && image.width == width) return image;
  RgbImage narrow{image.height, width, {}};
  auto in_row = static_cast<size_t>(image.width) * 3, out_row = static_cast<size_t>(width) * 3;
  narrow.pixels.resize(static_cast<size_t>(image.height) * out_row);
  std::vector<Tap> across = MakeTaps(image.width, width);
  for (size_t y = 0; y < static_cast<size_t>(image.height); ++y) {
    for (size_t c = 0; c < 3; ++c) {
      FilterLine(across, &image.pixels[y * in_row + c], 3, &narrow.pixels[y * out_row + c], 3);
    }
  }
  RgbImage result{height, width, {}};
  result.pixels.resize(static_cast<size_t>(height) * out_row);
  std::vector<Tap> down = MakeTaps(image.height, height);
  for (size_t x = 0; x < out_row; ++x) {
    FilterLine(down, &narrow.pixels[x], out_row, &result.pixels[x], out_row);
  }
  return result;
}

RgbImage TurnUpright(const RgbImage& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  bool swapped = orientation >= 5;
  int height = swapped ? image.width : image.height;
  int width = swapped ? image.height : image.width;
  RgbImage result{height, width, std::vector<uint8_t>(image.pixels.size())};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int row = swapped ? x : y, column = swapped ? y : x;
      if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) {
        (swapped ? column : row) = (swapped ? image.width : image.height) - 1 - y;
      }
      if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) {
        (swapped ? row : column) = (swapped ? image.height : image.width) - 1 - x;
      }
      const uint8_t* from = &image.pixels[3 * static_cast<size_t>(row * image.width + column)];
      std::copy(from, from + 3, &result.pixels[3 * static_cast<size_t>(y * width + x)]);
    }
  }
  return result;
}

}  // namespace tinyformer
