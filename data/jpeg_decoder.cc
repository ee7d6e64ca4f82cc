#include "data/jpeg_decoder.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

// jpeglib.h needs FILE and size_t to be declared before it.
#include <jerror.h>
#include <jpeglib.h>

namespace tinyformer {
namespace {

constexpr unsigned kExifLimit = 0xffff;

/// libjpeg's error hooks: errors jump back with the message; a warning that pixels are missing
/// counts as an error, other warnings (stray bytes, odd versions) do not harm the picture.
struct ErrorTrap {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void JumpBack(j_common_ptr info) {
  auto* trap = reinterpret_cast<ErrorTrap*>(info->err);
  info->err->format_message(info, trap->message);
  std::longjmp(trap->back, 1);
}

void OnMessage(j_common_ptr info, int level) {
  int code = info->err->msg_code;
  bool pixels_missing = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER ||
                        code == JWRN_HUFF_BAD_CODE || code == JWRN_NOT_SEQUENTIAL ||
                        code == JWRN_MUST_RESYNC;
  if (level < 0 && pixels_missing) JumpBack(info);
}

/// Everything the decoder fills; outside the function that calls setjmp, so a jump leaves it whole.
struct Decoder {
  jpeg_decompress_struct info{};
  ErrorTrap trap{};
  JpegPicture picture;
  std::vector<uint8_t> row;
  bool too_large = false;
};

int Channels(const jpeg_decompress_struct& info) {
  return info.out_color_space == JCS_CMYK ? 4 : 3;
}

void ConvertRow(const Decoder& decoder, uint8_t* out) {
  int width = decoder.picture.image.width;
  const uint8_t* in = decoder.row.data();
  if (decoder.info.out_color_space != JCS_CMYK) {
    std::memcpy(out, in, static_cast<size_t>(width) * 3);
    return;
  }
  bool inverted = decoder.info.saw_Adobe_marker != 0;
  for (int x = 0; x < width; ++x, in += 4, out += 3) {
    int black = inverted ? in[3] : 255 - in[3];
    for (int c = 0; c < 3; ++c) {
      int ink = inverted ? in[c] : 255 - in[c];
      out[c] = static_cast<uint8_t>((ink * black + 127) / 255);
    }
  }
}

/// Returns false after an error; no object with a destructor lives here across the jump.
bool Decode(Decoder& decoder, const std::string& bytes, int least_side, int64_t most_pixels) {
  jpeg_decompress_struct& info = decoder.info;
  info.err = jpeg_std_error(&decoder.trap.manager);
  info.err->error_exit = JumpBack;
  info.err->emit_message = OnMessage;
  if (setjmp(decoder.trap.back) != 0) return false;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&info, JPEG_APP0 + 1, kExifLimit);
  jpeg_read_header(&info, TRUE);
  if (static_cast<int64_t>(info.image_width) * info.image_height > most_pixels) {
    decoder.too_large = true;
    return false;
  }
  for (auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || decoder.picture.orientation != 1) continue;
    decoder.picture.orientation = ExifOrientation(marker->data, marker->data_length);
  }
  auto shorter = static_cast<int>(std::min(info.image_width, info.image_height));
  info.scale_num = 1;
  info.scale_denom = 1;
  while (info.scale_denom < 8 && shorter / (2 * static_cast<int>(info.scale_denom)) >= least_side) {
    info.scale_denom *= 2;
  }
  bool inks = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = inks ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  RgbImage& image = decoder.picture.image;
  image.height = static_cast<int>(info.output_height);
  image.width = static_cast<int>(info.output_width);
  image.pixels.resize(static_cast<size_t>(image.height) * static_cast<size_t>(image.width) * 3);
  decoder.row.resize(static_cast<size_t>(image.width) * static_cast<size_t>(Channels(info)));
  while (info.output_scanline < info.output_height) {
    size_t y = info.output_scanline;
    JSAMPROW rows[1] = {decoder.row.data()};
    jpeg_read_scanlines(&info, rows, 1);
    ConvertRow(decoder, image.pixels.data() + y * static_cast<size_t>(image.width) * 3);
  }
  jpeg_finish_decompress(&info);
  return true;
}

/// Numbers of a TIFF block in its own byte order.
struct Tiff {
  const uint8_t* bytes;
  size_t count;
  bool big_endian;

  bool Number(size_t at, size_t width, uint32_t& value) const {
    if (at > count || width > count - at) return false;
    value = 0;
    for (size_t i = 0; i < width; ++i) {
      uint32_t byte = bytes[at + (big_endian ? i : width - 1 - i)];
      value = value << 8 | byte;
    }
    return true;
  }
};

}  // namespace

JpegPicture DecodeJpeg(const std::string& bytes, int least_side, int64_t most_pixels) {
  Decoder decoder;
  bool whole = Decode(decoder, bytes, least_side, most_pixels);
  std::string size =
      std::to_string(decoder.info.image_width) + " x " + std::to_string(decoder.info.image_height);
  jpeg_destroy_decompress(&decoder.info);
  if (decoder.too_large) throw UnreadableImage("JPEG: " + size + " pixels are too many");
  if (!whole) throw UnreadableImage(std::string("JPEG: ") + decoder.trap.message);
  return std::move(decoder.picture);
}

int ExifOrientation(const uint8_t* payload, size_t count) {
  constexpr size_t kHeader = 6;
  if (count < kHeader + 8 || std::memcmp(payload, "Exif\0", kHeader) != 0) return 1;
  Tiff tiff{payload + kHeader, count - kHeader, payload[kHeader] == 'M'};
  uint32_t directory = 0, entries = 0;
  if (!tiff.Number(4, 4, directory) || !tiff.Number(directory, 2, entries)) return 1;
  for (uint32_t i = 0; i < entries; ++i) {
    size_t entry = size_t{directory} + 2 + size_t{12} * i;
    uint32_t tag = 0, value = 0;
    if (!tiff.Number(entry, 2, tag)) return 1;
    if (tag != 0x0112) continue;
    if (!tiff.Number(entry + 8, 2, value) || value < 1 || value > 8) return 1;
    return static_cast<int>(value);
  }
  return 1;
}

}  // namespace tinyformer
