// JPEG to 8-bit RGB by libjpeg.
#pragma once

#include <cstdint>
#include <string>

#include "data/image_file.h"

namespace tinyformer {

/// A picture as it is stored, and how to turn it upright.
struct JpegPicture {
  RgbImage image;
  int orientation = 1;  // EXIF 1 .. 8; from 5 on rows and columns are swapped
};

/// Decodes at the smallest of 1, 1/2, 1/4, 1/8 whose both sides still reach least_side.
/// Throws  UnreadableImage
JpegPicture DecodeJpeg(const std::string& bytes, int least_side, int64_t most_pixels);

/// The EXIF orientation in an APP1 segment's payload, 1 when there is none. Never reads outside.
/// Source  CIPA DC-008 (Exif 2.32), tag 0x0112
int ExifOrientation(const uint8_t* payload, size_t count);

}  // namespace tinyformer
