#include "train/randaugment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace tinyformer {
namespace {

using Bytes = std::vector<uint8_t>;
using Table = std::array<uint8_t, 256>;

uint8_t ToByte(double v) { return static_cast<uint8_t>(std::clamp(std::lround(v), 0L, 255L)); }

/// to(x, y) = from(a x + b y + c, d x + e y + f) about the image's centre, nearest pixel.
void Affine(const ImageShape& s, const std::array<double, 6>& m, const Bytes& fill, Bytes* image) {
  const Bytes from = *image;
  const double cx = (s.width - 1) / 2.0, cy = (s.height - 1) / 2.0;
  auto to = image->begin();
  for (int y = 0; y < s.height; ++y) {
    for (int x = 0; x < s.width; ++x, to += s.channels) {
      const auto u = std::lround(m[0] * (x - cx) + m[1] * (y - cy) + m[2] + cx);
      const auto v = std::lround(m[3] * (x - cx) + m[4] * (y - cy) + m[5] + cy);
      const bool inside = u >= 0 && u < s.width && v >= 0 && v < s.height;
      const auto source = inside ? from.begin() + (v * s.width + u) * s.channels : fill.begin();
      std::copy(source, source + s.channels, to);
    }
  }
}

/// Replaces every channel's bytes by table(histogram of the channel).
template <typename MakeTable>
void MapChannels(const ImageShape& s, const MakeTable& make_table, Bytes* image) {
  const auto channels = static_cast<size_t>(s.channels);
  for (size_t c = 0; c < channels; ++c) {
    std::array<int, 256> counts{};
    for (size_t i = c; i < image->size(); i += channels) ++counts[(*image)[i]];
    const Table table = make_table(counts);
    for (size_t i = c; i < image->size(); i += channels) (*image)[i] = table[(*image)[i]];
  }
}

template <typename Value>
Table TableOf(const Value& value) {
  Table table;
  for (int v = 0; v < 256; ++v) table[static_cast<size_t>(v)] = ToByte(value(v));
  return table;
}

Table StretchTable(const std::array<int, 256>& counts) {
  int low = 0, high = 255;
  while (low < 255 && counts[static_cast<size_t>(low)] == 0) ++low;
  while (high > 0 && counts[static_cast<size_t>(high)] == 0) --high;
  if (high <= low) return TableOf([](int v) { return v; });
  return TableOf([&](int v) { return 255.0 * (v - low) / (high - low); });
}

Table EqualiseTable(const std::array<int, 256>& counts) {
  int total = 0, first = 0;
  for (int count : counts) total += count;
  for (int count : counts) {
    if (count > 0) {
      first = count;
      break;
    }
  }
  if (first == total) return TableOf([](int v) { return v; });
  Table table;
  int below = 0;
  for (size_t v = 0; v < 256; ++v) {
    below += counts[v];
    table[v] = ToByte(255.0 * std::max(0, below - first) / (total - first));
  }
  return table;
}

/// image = base + factor * (image - base), byte by byte.
template <typename Base>
void BlendFrom(const Base& base, double factor, Bytes* image) {
  for (size_t i = 0; i < image->size(); ++i) {
    const double b = base(i);
    (*image)[i] = ToByte(b + factor * ((*image)[i] - b));
  }
}

Bytes GreyOf(const ImageShape& s, const Bytes& image) {
  Bytes grey(image.size());
  const auto channels = static_cast<size_t>(s.channels);
  for (size_t i = 0; i < image.size(); i += channels) {
    double sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += image[i + c];
    if (channels == 3) sum = 3 * (0.299 * image[i] + 0.587 * image[i + 1] + 0.114 * image[i + 2]);
    std::fill_n(grey.begin() + static_cast<std::ptrdiff_t>(i), channels,
                ToByte(sum / static_cast<double>(channels)));
  }
  return grey;
}

/// 3x3 mean with weight 5 in the centre; the border stays.
Bytes SmoothOf(const ImageShape& s, const Bytes& image) {
  Bytes smooth = image;
  const int row = s.width * s.channels;
  for (int y = 1; y + 1 < s.height; ++y) {
    for (int i = s.channels; i < row - s.channels; ++i) {
      double sum = 4.0 * image[static_cast<size_t>(y * row + i)];
      for (int dy = -1; dy <= 1; ++dy) {
        for (int dx = -1; dx <= 1; ++dx)
          sum += image[static_cast<size_t>((y + dy) * row + i + dx * s.channels)];
      }
      smooth[static_cast<size_t>(y * row + i)] = ToByte(sum / 13);
    }
  }
  return smooth;
}

void ApplyOne(const ImageShape& s, uint64_t op, double strength, double sign, const Bytes& fill,
              Bytes* image) {
  const double factor = 1 + sign * 0.9 * strength, shear = sign * 0.3 * strength,
               shift = sign * 0.45 * strength;
  const double angle = sign * strength * std::numbers::pi / 6;
  switch (op) {
    case 0:
      return;  // identity
    case 1:
      return MapChannels(s, StretchTable, image);
    case 2:
      return MapChannels(s, EqualiseTable, image);
    case 3:
      return Affine(s, {std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0},
                    fill, image);
    case 4: {
      const double threshold = 256 * (1 - strength);
      for (uint8_t& v : *image) v = v >= threshold ? static_cast<uint8_t>(255 - v) : v;
      return;
    }
    case 5: {
      const Bytes grey = GreyOf(s, *image);
      return BlendFrom([&](size_t i) { return grey[i]; }, factor, image);
    }
    case 6: {
      const int dropped = static_cast<int>(std::lround(4 * strength));
      for (uint8_t& v : *image) v = static_cast<uint8_t>(v >> dropped << dropped);
      return;
    }
    case 7: {
      double sum = 0;
      for (uint8_t v : GreyOf(s, *image)) sum += v;
      const double mean = sum / static_cast<double>(image->size());
      return BlendFrom([&](size_t) { return mean; }, factor, image);
    }
    case 8:
      return BlendFrom([](size_t) { return 0.0; }, factor, image);
    case 9: {
      const Bytes smooth = SmoothOf(s, *image);
      return BlendFrom([&](size_t i) { return smooth[i]; }, factor, image);
    }
    case 10:
      return Affine(s, {1, shear, 0, 0, 1, 0}, fill, image);
    case 11:
      return Affine(s, {1, 0, 0, shear, 1, 0}, fill, image);
    case 12:
      return Affine(s, {1, 0, shift * s.width, 0, 1, 0}, fill, image);
    default:
      return Affine(s, {1, 0, 0, 0, 1, shift * s.height}, fill, image);
  }
}

}  // namespace

void RandAugment(const ImageShape& shape, int ops, int magnitude, const std::vector<uint8_t>& fill,
                 Rng* rng, uint8_t* pixels) {
  Bytes image(pixels, pixels + shape.bytes());
  for (int i = 0; i < ops; ++i) {
    const uint64_t op = rng->Below(14);
    const double sign = rng->Chance(0.5) ? 1 : -1;
    ApplyOne(shape, op, magnitude / 30.0, sign, fill, &image);
  }
  std::copy(image.begin(), image.end(), pixels);
}

}  // namespace tinyformer
