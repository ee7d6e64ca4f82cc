#include "data/image_file.h"

#include <algorithm>
#include <cstring>

#include "data/jpeg_decoder.h"
#include "data/png_decoder.h"
#include "data/resize.h"

namespace tinyformer {
namespace {

constexpr int64_t kMostPixels = 100'000'000;

bool StartsWith(const std::string& bytes, const char* magic, size_t count) {
  return bytes.size() >= count && std::memcmp(bytes.data(), magic, count) == 0;
}

}  // namespace

RgbImage DecodeImage(const std::string& bytes, int height, int width) {
  if (bytes.empty()) throw UnreadableImage("empty file");
  if (StartsWith(bytes, "\x89PNG\r\n\x1a\n", 8)) {
    return Resize(DecodePng(bytes, kMostPixels), height, width);
  }
  if (StartsWith(bytes, "\xff\xd8\xff", 3)) {
    JpegPicture picture = DecodeJpeg(bytes, std::max(height, width), kMostPixels);
    bool swapped = picture.orientation >= 5;
    RgbImage small = Resize(picture.image, swapped ? width : height, swapped ? height : width);
    return TurnUpright(small, picture.orientation);
  }
  throw UnreadableImage("neither PNG nor JPEG by its first bytes");
}

}  // namespace tinyformer
