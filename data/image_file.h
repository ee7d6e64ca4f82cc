// PNG and JPEG files to 8-bit RGB of the wanted size.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tinyformer {

/// 8-bit RGB pixels, rows first.
struct RgbImage {
  int height = 0, width = 0;
  std::vector<uint8_t> pixels;  // height * width * 3
};

/// Why an image cannot be read, in a few words ("PNG: IDAT: CRC error"). A value for the list of
/// unreadable images, not an end of the work.
class UnreadableImage : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Decodes the bytes of a PNG or JPEG file (told apart by their first bytes) and resizes the whole
/// picture to height x width.
///
/// Greyscale and palettes become RGB; 16-bit samples become 8-bit; transparent pixels are blended
/// over white; CMYK and YCCK become RGB (Adobe's inverted inks too); EXIF orientation is applied.
/// Limits  100 megapixels; a JPEG is decoded at 1/2, 1/4 or 1/8 when that is still >= the target
/// Throws  UnreadableImage: not a PNG or JPEG, damaged, cut short, too large
RgbImage DecodeImage(const std::string& bytes, int height, int width);

}  // namespace tinyformer
