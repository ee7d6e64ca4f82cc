#include "data/pixel_cache.h"

#include <xxhash.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "data/mapped_file.h"

namespace tinyformer {
namespace {

constexpr char kMagic[9] = "tfpixel1";
constexpr size_t kTrailerBytes = 32;

using Trailer = std::array<uint8_t, kTrailerBytes>;

void Store(uint64_t value, uint8_t* to) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint64_t Load(const uint8_t* from) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= static_cast<uint64_t>(from[i]) << (8 * i);
  return value;
}

uint64_t Hash(const uint8_t* pixels, uint64_t pixel_bytes, const uint8_t* note,
              uint64_t note_bytes) {
  return XXH64(note, note_bytes, XXH64(pixels, pixel_bytes, 0));
}

}  // namespace

void WritePixelCache(const std::string& path, const std::vector<uint8_t>& pixels,
                     const Json& note) {
  std::string text = JsonText(note);
  Trailer trailer;
  Store(Hash(pixels.data(), pixels.size(), reinterpret_cast<const uint8_t*>(text.data()),
             text.size()),
        trailer.data());
  Store(pixels.size(), trailer.data() + 8);
  Store(text.size(), trailer.data() + 16);
  std::memcpy(trailer.data() + 24, kMagic, 8);
  AtomicFile file(path);
  file.Write({reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  file.Write(text);
  file.Write({reinterpret_cast<const char*>(trailer.data()), trailer.size()});
  file.Commit();
}

bool OpenPixelCache(const std::string& path, CachedPixels& cached) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  auto file = std::make_shared<MappedFile>(path, "run the same command again");
  if (file->size() < kTrailerBytes) return false;
  uint64_t body = file->size() - kTrailerBytes;
  const uint8_t* trailer = file->data() + body;
  uint64_t pixel_bytes = Load(trailer + 8), note_bytes = Load(trailer + 16);
  if (std::memcmp(trailer + 24, kMagic, 8) != 0 || pixel_bytes > body ||
      note_bytes != body - pixel_bytes) {
    return false;
  }
  const uint8_t* note = file->data() + pixel_bytes;
  if (Hash(file->data(), pixel_bytes, note, note_bytes) != Load(trailer)) return false;
  cached.note = ParseJson({reinterpret_cast<const char*>(note), note_bytes}, path);
  cached.pixels = file->data();
  cached.bytes = pixel_bytes;
  cached.owner = std::move(file);
  return true;
}

}  // namespace tinyformer
