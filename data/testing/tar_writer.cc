#include "data/testing/tar_writer.h"

#include <zlib.h>

#include <cstdio>

#include "base/check.h"

namespace tinyformer::testing {
namespace {

constexpr size_t kBlock = 512;

std::string Octal(size_t value, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "%0*zo", digits, value);
  return std::string(text) + '\0';
}

}  // namespace

std::string Tar(const std::vector<TarEntry>& entries) {
  std::string tar;
  for (const TarEntry& entry : entries) {
    std::string block(kBlock, '\0');
    block.replace(0, entry.name.size(), entry.name);
    block.replace(100, 8, Octal(0644, 7));
    block.replace(124, 12, Octal(entry.bytes.size(), 11));
    block.replace(148, 8, "        ");
    block[156] = entry.type;
    block.replace(257, 8, std::string("ustar\0", 6) + "00");
    block.replace(345, entry.prefix.size(), entry.prefix);
    size_t sum = 0;
    for (char c : block) sum += static_cast<unsigned char>(c);
    block.replace(148, 7, Octal(sum, 6));
    tar += block + entry.bytes;
    tar.resize((tar.size() + kBlock - 1) / kBlock * kBlock);
  }
  return tar + std::string(2 * kBlock, '\0');
}

std::string Gzip(const std::string& bytes) {
  constexpr int kGzipWindow = 16 + MAX_WBITS;
  z_stream stream{};
  TF_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TF_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tinyformer::testing
