// PNG to 8-bit RGB by libpng.
#pragma once

#include <cstdint>
#include <string>

#include "data/image_file.h"

namespace tinyformer {

/// The picture in its own size; transparency is blended over white.
/// Throws  UnreadableImage
RgbImage DecodePng(const std::string& bytes, int64_t most_pixels);

}  // namespace tinyformer
