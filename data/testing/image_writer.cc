#include "data/testing/image_writer.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

// jpeglib.h needs FILE and size_t to be declared before it.
#include <jpeglib.h>
#include <png.h>

#include "base/check.h"

namespace tinyformer::testing {

RgbImage Plain(int height, int width, uint8_t red, uint8_t green, uint8_t blue) {
  RgbImage image{height, width, {}};
  for (int i = 0; i < height * width; ++i) {
    image.pixels.insert(image.pixels.end(), {red, green, blue});
  }
  return image;
}

std::string PngOf(uint32_t format, int height, int width, const void* samples) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<uint32_t>(height);
  image.width = static_cast<uint32_t>(width);
  image.format = format;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t count = bytes.size();
  TF_CHECK(png_image_write_to_memory(&image, bytes.data(), &count, 0, samples, 0, nullptr) != 0);
  bytes.resize(count);
  return bytes;
}

std::string Png(const RgbImage& image) {
  return PngOf(PNG_FORMAT_RGB, image.height, image.width, image.pixels.data());
}

std::string Jpeg(int height, int width, int channels, const std::vector<uint8_t>& samples,
                 const std::string& exif) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long count = 0;  // NOLINT: libjpeg's type
  jpeg_mem_dest(&info, &buffer, &count);
  info.image_height = static_cast<JDIMENSION>(height);
  info.image_width = static_cast<JDIMENSION>(width);
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  for (int c = 0; c < info.num_components; ++c) {
    info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  }
  if (channels == 4) info.write_Adobe_marker = TRUE;
  jpeg_start_compress(&info, TRUE);
  if (!exif.empty()) {
    jpeg_write_marker(&info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  }
  for (int y = 0; y < height; ++y) {
    auto* row = const_cast<uint8_t*>(samples.data()) + y * width * channels;
    JSAMPROW rows[1] = {row};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(buffer), count);
  std::free(buffer);
  return bytes;
}

std::string ExifPayload(int orientation, bool big_endian) {
  std::string value(1, static_cast<char>(orientation));
  using std::string_literals::operator""s;
  if (big_endian) {
    return "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + value + "\0\0\0\0\0\0"s;
  }
  return "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + value + "\0\0\0\0\0\0\0"s;
}

}  // namespace tinyformer::testing
