#include "data/testing/npz_writer.h"

#include <zlib.h>

#include "base/check.h"
#include "data/testing/little_endian.h"

namespace tinyformer::testing {
namespace {

std::string Deflate(const std::string& bytes) {
  z_stream stream{};
  TF_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TF_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string Npy(const std::string& type, const Shape& shape, const std::string& data, int version) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (";
  for (int64_t dimension : shape) text += std::to_string(dimension) + ", ";
  text += "), }";
  size_t prefix = version == 1 ? 10 : 12;
  while ((prefix + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' +
         LittleEndian(text.size(), version == 1 ? 2 : 4) + text + data;
}

std::string Npz(const std::vector<NpzMember>& members, bool zip64) {
  std::string file, directory;
  for (const NpzMember& member : members) {
    std::string stored = member.deflate ? Deflate(member.bytes) : member.bytes;
    auto crc = crc32(0, reinterpret_cast<const Bytef*>(member.bytes.data()),
                     static_cast<uInt>(member.bytes.size()));
    std::string sizes = LittleEndian(zip64 ? 0xffffffff : stored.size(), 4) +
                        LittleEndian(zip64 ? 0xffffffff : member.bytes.size(), 4);
    std::string extra = !zip64 ? ""
                               : LittleEndian(1, 2) + LittleEndian(16, 2) +
                                     LittleEndian(member.bytes.size(), 8) +
                                     LittleEndian(stored.size(), 8);
    std::string shared = LittleEndian(20, 2) + LittleEndian(0, 2) +
                         LittleEndian(member.deflate ? 8 : 0, 2) + LittleEndian(0, 4) +
                         LittleEndian(crc, 4) + sizes + LittleEndian(member.name.size(), 2) +
                         LittleEndian(extra.size(), 2);
    directory += "PK\x01\x02" + LittleEndian(20, 2) + shared + LittleEndian(0, 10) +
                 LittleEndian(file.size(), 4) + member.name + extra;
    file += "PK\x03\x04" + shared + member.name + extra + stored;
  }
  size_t start = file.size();
  file += directory;
  if (zip64) {
    size_t end64 = file.size();
    file += "PK\x06\x06" + LittleEndian(44, 8) + LittleEndian(45, 2) + LittleEndian(45, 2) +
            LittleEndian(0, 8) + LittleEndian(members.size(), 8) + LittleEndian(members.size(), 8) +
            LittleEndian(directory.size(), 8) + LittleEndian(start, 8);
    file += "PK\x06\x07" + LittleEndian(0, 4) + LittleEndian(end64, 8) + LittleEndian(1, 4);
  }
  file += "PK\x05\x06" + LittleEndian(0, 4) + LittleEndian(zip64 ? 0xffff : members.size(), 2) +
          LittleEndian(zip64 ? 0xffff : members.size(), 2) + LittleEndian(directory.size(), 4) +
          LittleEndian(zip64 ? 0xffffffff : start, 4) + LittleEndian(0, 2);
  return file;
}

std::string Int64s(const std::vector<int64_t>& values) {
  std::string bytes;
  for (int64_t value : values) bytes += LittleEndian(static_cast<uint64_t>(value), 8);
  return bytes;
}

}  // namespace tinyformer::testing
