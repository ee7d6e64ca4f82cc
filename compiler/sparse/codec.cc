#include "compiler/sparse/codec.h"

#include "base/check.h"
#include "base/error.h"

namespace tinyformer {
namespace {

constexpr int64_t kMaxDistance = 255;

bool IsZeroBlock(const int8_t* block_start, int block) {
  for (int i = 0; i < block; ++i) {
    if (block_start[i] != 0) return false;
  }
  return true;
}

void CheckBlock(int64_t elements, int block) {
  TF_CHECK(block >= 1 && block <= 255, "block", block);
  TF_CHECK(elements >= 0 && elements % block == 0, "elements", elements, "block", block);
}

// With a block size that the compiler knows (0: block) and without a branch on the weights, which
// no predictor foresees: the search counts millions.
template <int kBlock>
BlockCounts CountBlocksOf(const int8_t* weights, int64_t blocks, int block) {
  const int size = kBlock == 0 ? block : kBlock;
  BlockCounts counts;
  counts.blocks = blocks;
  int64_t previous = -1;
  for (int64_t i = 0; i < blocks; ++i, weights += size) {
    int bits = 0;
    for (int j = 0; j < size; ++j) bits |= weights[j];
    const bool stored = bits != 0;
    counts.nonzero += stored ? 1 : 0;
    // Few blocks are that far apart: this one is foreseen.
    if (i - previous > kMaxDistance && stored) counts.fillers += (i - previous - 1) / kMaxDistance;
    previous = stored ? i : previous;
  }
  return counts;
}

int64_t BitmapBytes(int64_t blocks) { return (blocks + 7) / 8; }

void AppendBlock(std::string& out, const int8_t* values, int block) {
  for (int i = 0; i < block; ++i) out.push_back(static_cast<char>(values[i]));
}

// Blocks that both codes store: those with a weight that is not 0, and fillers between two that are
// further apart than kMaxDistance.
std::vector<int64_t> StoredBlocks(std::span<const int8_t> weights, int block) {
  std::vector<int64_t> stored;
  int64_t previous = -1;
  const auto blocks = static_cast<int64_t>(weights.size()) / block;
  for (int64_t i = 0; i < blocks; ++i) {
    if (IsZeroBlock(weights.data() + i * block, block)) continue;
    for (; i - previous > kMaxDistance; previous += kMaxDistance) {
      stored.push_back(previous + kMaxDistance);
    }
    stored.push_back(i);
    previous = i;
  }
  return stored;
}

std::string EncodeRunLength(std::span<const int8_t> weights, int block) {
  std::string out;
  int64_t previous = -1;
  for (int64_t i : StoredBlocks(weights, block)) {
    out.push_back(static_cast<char>(i - previous));
    AppendBlock(out, weights.data() + i * block, block);
    previous = i;
  }
  return out;
}

std::string EncodeBitmap(std::span<const int8_t> weights, int block) {
  const auto blocks = static_cast<int64_t>(weights.size()) / block;
  std::string bits(static_cast<size_t>(BitmapBytes(blocks)), '\0');
  std::string values;
  for (int64_t i : StoredBlocks(weights, block)) {
    bits[static_cast<size_t>(i / 8)] |= static_cast<char>(1 << (i % 8));
    AppendBlock(values, weights.data() + i * block, block);
  }
  return bits + values;
}

// Where a decoding error stands, in the reader's words.
class Site {
 public:
  Site(const std::string& name, Codec codec, int block)
      : where_("layer '" + name + "' (" + CodecName(codec) + ", block " + std::to_string(block) +
               ")") {}

  [[noreturn]] void Fail(const std::string& code, const std::string& expected,
                         const std::string& found) const {
    throw Error("sparse/" + code, where_, expected, found,
                "encode the layer again: these bytes were damaged or written for another layer");
  }
  [[noreturn]] void FailSize(int64_t expected, size_t found) const {
    Fail("size", std::to_string(expected) + " bytes", std::to_string(found) + " bytes");
  }

 private:
  std::string where_;
};

std::vector<int8_t> DecodeRunLength(const std::string& bytes, int64_t elements, int block,
                                    const Site& site) {
  const size_t record = static_cast<size_t>(block) + 1;
  if (bytes.size() % record != 0) {
    site.Fail("size", "a multiple of " + std::to_string(record) + " bytes",
              std::to_string(bytes.size()) + " bytes");
  }
  const int64_t blocks = elements / block;
  std::vector<int8_t> weights(static_cast<size_t>(elements), 0);
  int64_t position = -1;
  for (size_t at = 0; at < bytes.size(); at += record) {
    const auto distance = static_cast<uint8_t>(bytes[at]);
    const std::string object = "record " + std::to_string(at / record);
    if (distance == 0) site.Fail("distance", "a distance in [1, 255]", object + " has distance 0");
    position += distance;
    if (position >= blocks) {
      site.Fail("range", "blocks 0 to " + std::to_string(blocks - 1),
                object + " stands for block " + std::to_string(position));
    }
    const auto* values = reinterpret_cast<const int8_t*>(bytes.data()) + at + 1;
    const bool filler = distance == kMaxDistance && at + record < bytes.size();
    if (IsZeroBlock(values, block) && !filler) {
      site.Fail("zero-block", "zero blocks only as fillers: distance 255 and a record after it",
                object + " is a zero block with distance " + std::to_string(distance) +
                    (at + record < bytes.size() ? "" : " at the end"));
    }
    std::copy(values, values + block, weights.begin() + position * block);
  }
  return weights;
}

std::vector<int8_t> DecodeBitmap(const std::string& bytes, int64_t elements, int block,
                                 const Site& site) {
  const int64_t blocks = elements / block;
  const int64_t bitmap_bytes = BitmapBytes(blocks);
  if (static_cast<int64_t>(bytes.size()) < bitmap_bytes) {
    site.Fail("size", "at least " + std::to_string(bitmap_bytes) + " bytes",
              std::to_string(bytes.size()) + " bytes");
  }
  const auto is_set = [&](int64_t i) {
    return ((static_cast<uint8_t>(bytes[static_cast<size_t>(i / 8)]) >> (i % 8)) & 1) != 0;
  };
  for (int64_t i = blocks; i < bitmap_bytes * 8; ++i) {
    if (is_set(i)) {
      site.Fail("padding", "zero bits after block " + std::to_string(blocks - 1),
                "bit " + std::to_string(i) + " is set");
    }
  }
  int64_t stored = 0;
  for (int64_t i = 0; i < blocks; ++i) stored += is_set(i) ? 1 : 0;
  const int64_t expected = bitmap_bytes + stored * block;
  if (static_cast<int64_t>(bytes.size()) != expected) site.FailSize(expected, bytes.size());

  std::vector<int8_t> weights(static_cast<size_t>(elements), 0);
  const auto* values = reinterpret_cast<const int8_t*>(bytes.data()) + bitmap_bytes;
  int64_t previous = -1;
  for (int64_t i = 0; i < blocks; ++i) {
    if (!is_set(i)) continue;
    const std::string object = "block " + std::to_string(i);
    if (i - previous > kMaxDistance) {
      site.Fail("distance", "stored blocks at most 255 apart",
                object + " is " + std::to_string(i - previous) + " after the one before");
    }
    --stored;
    if (IsZeroBlock(values, block) && (i - previous < kMaxDistance || stored == 0)) {
      site.Fail("zero-block",
                "zero blocks only as fillers: 255 after a stored block and one after it",
                object + " is stored and zero");
    }
    std::copy(values, values + block, weights.begin() + i * block);
    values += block;
    previous = i;
  }
  return weights;
}

}  // namespace

const char* CodecName(Codec codec) {
  switch (codec) {
    case Codec::kDense:
      return "dense";
    case Codec::kRunLength:
      return "rlc";
    case Codec::kBitmap:
      return "bitmap";
  }
  TF_CHECK(false, "codec", static_cast<int>(codec));
  return "";
}

double BlockCounts::sparsity() const {
  return blocks == 0 ? 0 : 1.0 - static_cast<double>(nonzero) / static_cast<double>(blocks);
}

BlockCounts CountBlocks(std::span<const int8_t> weights, int block) {
  CheckBlock(static_cast<int64_t>(weights.size()), block);
  const int64_t blocks = static_cast<int64_t>(weights.size()) / block;
  switch (block) {
    case 2:
      return CountBlocksOf<2>(weights.data(), blocks, block);
    case 3:
      return CountBlocksOf<3>(weights.data(), blocks, block);
    case 4:
      return CountBlocksOf<4>(weights.data(), blocks, block);
    default:
      return CountBlocksOf<0>(weights.data(), blocks, block);
  }
}

int64_t EncodedBytes(Codec codec, std::span<const int8_t> weights, int block) {
  if (codec == Codec::kDense) return static_cast<int64_t>(weights.size());
  return EncodedBytes(codec, CountBlocks(weights, block), block);
}

int64_t EncodedBytes(Codec codec, const BlockCounts& counts, int block) {
  if (codec == Codec::kDense) return counts.blocks * block;
  const int64_t stored = counts.nonzero + counts.fillers;
  if (codec == Codec::kRunLength) return stored * (block + 1);
  return BitmapBytes(counts.blocks) + stored * block;
}

std::string Encode(Codec codec, std::span<const int8_t> weights, int block) {
  if (codec == Codec::kDense) {
    return {reinterpret_cast<const char*>(weights.data()), weights.size()};
  }
  CheckBlock(static_cast<int64_t>(weights.size()), block);
  return codec == Codec::kRunLength ? EncodeRunLength(weights, block)
                                    : EncodeBitmap(weights, block);
}

std::vector<int8_t> Decode(Codec codec, const std::string& bytes, int64_t elements, int block,
                           const std::string& name) {
  const Site site(name, codec, codec == Codec::kDense ? 1 : block);
  if (codec == Codec::kDense) {
    if (static_cast<int64_t>(bytes.size()) != elements) site.FailSize(elements, bytes.size());
    const auto* values = reinterpret_cast<const int8_t*>(bytes.data());
    return {values, values + bytes.size()};
  }
  CheckBlock(elements, block);
  return codec == Codec::kRunLength ? DecodeRunLength(bytes, elements, block, site)
                                    : DecodeBitmap(bytes, elements, block, site);
}

StreamLayout ToStreams(Codec codec, const std::string& bytes, int64_t elements, int block) {
  StreamLayout streams;
  if (codec == Codec::kDense) {
    streams.values = bytes;
    return streams;
  }
  CheckBlock(elements, block);
  if (codec == Codec::kBitmap) {
    const auto bitmap_bytes = static_cast<size_t>(BitmapBytes(elements / block));
    TF_CHECK(bytes.size() >= bitmap_bytes, "bytes", bytes.size(), "bitmap", bitmap_bytes);
    streams.index = bytes.substr(0, bitmap_bytes);
    streams.values = bytes.substr(bitmap_bytes);
    return streams;
  }
  const size_t record = static_cast<size_t>(block) + 1;
  TF_CHECK(bytes.size() % record == 0, "bytes", bytes.size(), "record", record);
  for (size_t at = 0; at < bytes.size(); at += record) {
    streams.index.push_back(bytes[at]);
    streams.values.append(bytes, at + 1, static_cast<size_t>(block));
  }
  return streams;
}

double BreakEvenSparsity(Codec codec, int block) {
  switch (codec) {
    case Codec::kRunLength:
      return 1.0 / (block + 1);
    case Codec::kBitmap:
      return 1.0 / (8.0 * block);
    default:
      return 0;
  }
}

double RunLengthCompression(double sparsity, int block) {
  return 1.0 / ((1.0 - sparsity) * (1.0 + 1.0 / block));
}

}  // namespace tinyformer
