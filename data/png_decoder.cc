#include "data/png_decoder.h"

#include <png.h>

#include <cstring>
#include <memory>

namespace tinyformer {

RgbImage DecodePng(const std::string& bytes, int64_t most_pixels) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  std::unique_ptr<png_image, decltype(&png_image_free)> guard(&image, &png_image_free);
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) {
    throw UnreadableImage(std::string("PNG: ") + image.message);
  }
  if (static_cast<int64_t>(image.width) * static_cast<int64_t>(image.height) > most_pixels) {
    throw UnreadableImage("PNG: " + std::to_string(image.width) + " x " +
                          std::to_string(image.height) + " pixels are too many");
  }
  // Without this flag libpng takes untagged 16-bit samples for linear light, and they turn pale.
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  image.format = PNG_FORMAT_RGB;
  RgbImage result{static_cast<int>(image.height), static_cast<int>(image.width), {}};
  result.pixels.resize(PNG_IMAGE_SIZE(image));
  png_color white{255, 255, 255};
  if (png_image_finish_read(&image, &white, result.pixels.data(), 0, nullptr) == 0) {
    throw UnreadableImage(std::string("PNG: ") + image.message);
  }
  return result;
}

}  // namespace tinyformer
