#include "data/image_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <zlib.h>

#include <cmath>

#include "base/rng.h"
#include "data/jpeg_decoder.h"
#include "data/resize.h"
#include "data/testing/image_writer.h"

namespace tinyformer {
namespace {

using testing::ExifPayload;
using testing::Jpeg;
using testing::Plain;
using testing::Png;
using testing::PngOf;

std::string Reason(const std::string& bytes) {
  try {
    DecodeImage(bytes, 8, 8);
  } catch (const UnreadableImage& reason) {
    return reason.what();
  }
  return "";
}

/// Every pixel of the image is within `tolerance` of the colour.
void ExpectColour(const RgbImage& image, int red, int green, int blue, int tolerance) {
  const int colour[3] = {red, green, blue};
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    ASSERT_NEAR(image.pixels[i], colour[i % 3], tolerance) << "byte " << i;
  }
}

RgbImage Noise(int height, int width, uint64_t seed) {
  RgbImage image{height, width, {}};
  Rng rng(seed, "noise");
  for (int i = 0; i < 3 * height * width; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(rng.Below(256)));
  }
  return image;
}

TEST(DecodeImage, KeepsPngPixelsExactly) {
  RgbImage image = Noise(5, 7, 1);
  EXPECT_EQ(DecodeImage(Png(image), 5, 7).pixels, image.pixels);
}

TEST(DecodeImage, ReadsEveryKindOfPng) {
  const uint8_t grey[4] = {90, 90, 90, 90};
  ExpectColour(DecodeImage(PngOf(PNG_FORMAT_GRAY, 2, 2, grey), 3, 3), 90, 90, 90, 0);
  const uint8_t half_red[4] = {255, 0, 0, 128};
  ExpectColour(DecodeImage(PngOf(PNG_FORMAT_RGBA, 1, 1, half_red), 3, 3), 255, 187, 187, 2);
  const uint8_t clear[4] = {10, 20, 30, 0};
  ExpectColour(DecodeImage(PngOf(PNG_FORMAT_RGBA, 1, 1, clear), 3, 3), 255, 255, 255, 0);
  const uint16_t linear[3] = {65535, 13933, 0};  // linear light: 13933 / 65535 is sRGB 127
  ExpectColour(DecodeImage(PngOf(PNG_FORMAT_LINEAR_RGB, 1, 1, linear), 2, 2), 255, 127, 0, 1);
}

TEST(DecodeImage, ReadsGreyColourAndInkJpegs) {
  std::vector<uint8_t> grey(64, 77), colour, inks;
  for (int i = 0; i < 64; ++i) {
    colour.insert(colour.end(), {200, 100, 50});
    inks.insert(inks.end(), {255, 128, 0, 255});  // inverted: no cyan, half magenta, all yellow
  }
  ExpectColour(DecodeImage(Jpeg(8, 8, 1, grey), 8, 8), 77, 77, 77, 2);
  ExpectColour(DecodeImage(Jpeg(8, 8, 3, colour), 8, 8), 200, 100, 50, 4);
  ExpectColour(DecodeImage(Jpeg(8, 8, 4, inks), 8, 8), 255, 128, 0, 4);
}

TEST(DecodeImage, ALargeJpegDecodedSmallerStillShowsTheSame) {
  RgbImage large = Plain(256, 256, 30, 60, 90);
  for (size_t y = 0; y < 256; ++y) {
    for (size_t x = 128; x < 256; ++x) large.pixels[3 * (y * 256 + x)] = 230;
  }
  RgbImage small = DecodeImage(Jpeg(256, 256, 3, large.pixels), 8, 8);
  RgbImage expected = Resize(large, 8, 8);
  for (size_t i = 0; i < small.pixels.size(); ++i) {
    EXPECT_NEAR(small.pixels[i], expected.pixels[i], 8) << i;
  }
}

TEST(DecodeImage, TurnsPhotosUpright) {
  // A red left half, stored turned by each EXIF orientation, must come out at the left.
  std::vector<uint8_t> left, top;
  for (int i = 0; i < 256; ++i) {
    bool in_left = i % 16 < 8, in_top = i < 128;
    left.insert(left.end(), {static_cast<uint8_t>(in_left ? 250 : 5), 5, 5});
    top.insert(top.end(), {static_cast<uint8_t>(in_top ? 250 : 5), 5, 5});
  }
  auto at = [](const std::string& jpeg, size_t y, size_t x) {
    return DecodeImage(jpeg, 16, 16).pixels[3 * (y * 16 + x)];
  };
  for (bool big_endian : {false, true}) {
    auto turned = [&](const std::vector<uint8_t>& stored, int orientation) {
      return Jpeg(16, 16, 3, stored, ExifPayload(orientation, big_endian));
    };
    EXPECT_GT(at(turned(left, 1), 8, 2), 200);
    EXPECT_GT(at(turned(left, 2), 8, 13), 200) << "mirrored";
    EXPECT_GT(at(turned(left, 3), 8, 13), 200) << "half a turn";
    EXPECT_GT(at(turned(top, 4), 13, 8), 200) << "upside down, mirrored";
    EXPECT_GT(at(turned(left, 5), 2, 8), 200) << "rows and columns swapped";
    EXPECT_GT(at(turned(left, 6), 2, 8), 200) << "a quarter turn clockwise: left becomes top";
    EXPECT_GT(at(turned(left, 7), 13, 8), 200);
    EXPECT_GT(at(turned(left, 8), 13, 8), 200) << "anticlockwise: left becomes bottom";
    EXPECT_GT(at(turned(top, 6), 8, 13), 200) << "a quarter turn clockwise: top becomes right";
    EXPECT_GT(at(turned(top, 8), 8, 2), 200) << "anticlockwise: top becomes left";
  }
}

TEST(DecodeImage, SaysWhyAnImageIsUnreadable) {
  std::string png = Png(Noise(16, 16, 2));
  std::vector<uint8_t> pixels(48 * 48 * 3, 100);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
  std::string jpeg = Jpeg(48, 48, 3, pixels);
  EXPECT_EQ(Reason(""), "empty file");
  EXPECT_EQ(Reason("GIF89a"), "neither PNG nor JPEG by its first bytes");
  EXPECT_THAT(Reason(png.substr(0, 20)), ::testing::StartsWith("PNG: "));
  EXPECT_THAT(Reason(png.substr(0, png.size() / 2)), ::testing::StartsWith("PNG: "));
  EXPECT_EQ(Reason(jpeg.substr(0, jpeg.size() / 2)), "JPEG: Premature end of JPEG file");
  EXPECT_EQ(Reason(jpeg.substr(0, 3)), "JPEG: Premature end of JPEG file");
}

TEST(DecodeImage, RefusesAPictureThatWouldFillTheMemory) {
  std::string png = Png(Plain(1, 1, 0, 0, 0));
  // Width and height 20000 in IHDR, and the chunk's CRC to match.
  png.replace(16, 8, std::string("\0\0\x4e\x20\0\0\x4e\x20", 8));
  auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data()) + 12, 17));
  for (size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  EXPECT_EQ(Reason(png), "PNG: 20000 x 20000 pixels are too many");
}

TEST(DecodeImage, DamagedBytesNeverReadOutside) {
  Rng rng(3, "damage");
  std::vector<uint8_t> pixels(24 * 24 * 3, 9);
  std::string exif = ExifPayload(6, true);
  for (const std::string& good : {Png(Noise(9, 9, 4)), Jpeg(24, 24, 3, pixels, exif)}) {
    for (int trial = 0; trial < 500; ++trial) {
      std::string bad = good;
      for (uint64_t i = 0, n = 1 + rng.Below(4); i < n; ++i) {
        bad[rng.Below(bad.size())] = static_cast<char>(rng.Below(256));
      }
      if (rng.Chance(0.3)) bad.resize(rng.Below(bad.size()));
      try {
        EXPECT_EQ(DecodeImage(bad, 8, 8).pixels.size(), 192u);
      } catch (const UnreadableImage&) {
      }
    }
  }
}

TEST(ExifOrientation, ReadsNothingOutsideItsBytes) {
  std::string good = ExifPayload(8, false);
  for (size_t count = 0; count <= good.size(); ++count) {
    std::vector<uint8_t> part(good.begin(), good.begin() + static_cast<int64_t>(count));
    int orientation = ExifOrientation(part.data(), part.size());
    EXPECT_TRUE(orientation == 1 || (orientation == 8 && count >= 26)) << count;
  }
}

TEST(Resize, KeepsOneColourAndTheSameSizeExactly) {
  Rng rng(5, "sizes");
  for (int trial = 0; trial < 50; ++trial) {
    auto side = [&] { return static_cast<int>(1 + rng.Below(60)); };
    int height = side(), width = side();
    ExpectColour(Resize(Plain(height, width, 1, 128, 255), side(), side()), 1, 128, 255, 0);
    RgbImage noise = Noise(height, width, rng.Next());
    EXPECT_EQ(Resize(noise, height, width).pixels, noise.pixels);
  }
}

TEST(Resize, ShrinkingAveragesInsteadOfSkipping) {
  // Stripes one pixel wide: skipping pixels would give black or white, averaging gives grey.
  RgbImage stripes = Plain(64, 64, 0, 0, 0);
  for (size_t i = 0; i < stripes.pixels.size(); ++i) {
    if (i / 3 % 2 == 0) stripes.pixels[i] = 254;
  }
  ExpectColour(Resize(stripes, 8, 8), 127, 127, 127, 5);
}

TEST(Resize, GrowingInterpolatesBetweenNeighbours) {
  RgbImage pair{1, 2, {0, 0, 0, 200, 200, 200}};
  RgbImage grown = Resize(pair, 1, 4);
  std::vector<uint8_t> red = {grown.pixels[0], grown.pixels[3], grown.pixels[6], grown.pixels[9]};
  EXPECT_EQ(red, (std::vector<uint8_t>{0, 50, 150, 200}));
}

}  // namespace
}  // namespace tinyformer
