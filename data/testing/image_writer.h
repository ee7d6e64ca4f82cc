// PNG and JPEG files of one colour or of given pixels, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/image_file.h"

namespace tinyformer::testing {

/// A picture of one colour.
RgbImage Plain(int height, int width, uint8_t red, uint8_t green, uint8_t blue);

/// An RGB PNG.
std::string Png(const RgbImage& image);

/// A PNG of any kind: format is one of libpng's PNG_FORMAT_*, samples are as that format wants.
std::string PngOf(uint32_t format, int height, int width, const void* samples);

/// A JPEG at quality 100 without chroma subsampling. channels 1 (grey), 3 (RGB) or 4 (CMYK with
/// Adobe's marker, inks inverted); exif goes into an APP1 segment when not empty.
std::string Jpeg(int height, int width, int channels, const std::vector<uint8_t>& samples,
                 const std::string& exif = "");

/// An Exif payload with nothing but this orientation.
std::string ExifPayload(int orientation, bool big_endian);

}  // namespace tinyformer::testing
