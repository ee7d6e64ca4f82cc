// Decoded images in one file of the cache folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"

namespace tinyformer {

/// Images of equal size, one after the other, and a note about them. The pixels are in `owned` or
/// in a mapped file.
struct CachedPixels {
  Json note;
  const uint8_t* pixels = nullptr;
  uint64_t bytes = 0;
  std::shared_ptr<const void> owner;
};

/// Writes pixels, then the note, then a trailer of 32 bytes: XXH64 of pixels and note, their
/// lengths, "tfpixel1". Appears whole or not at all.
/// Errors  file/write-failed
void WritePixelCache(const std::string& path, const std::vector<uint8_t>& pixels, const Json& note);

/// Maps a cache file. Returns false when it is absent or not exactly what WritePixelCache wrote:
/// then it is made anew, so damage costs time and nothing else.
bool OpenPixelCache(const std::string& path, CachedPixels& cached);

}  // namespace tinyformer
