// docs/sparse_format.md is the format's definition: its worked examples are what Encode writes and
// Decode reads.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "base/file.h"
#include "compiler/sparse/codec.h"

namespace tinyformer {
namespace {

// The rest of the page's line "    example <key>: ...".
std::string Example(const std::string& key) {
  const char* source = std::getenv("TINYFORMER_SOURCE_DIR");
  std::istringstream page(ReadFile(std::string(source ? source : ".") + "/docs/sparse_format.md"));
  const std::string prefix = "    example " + key + ": ";
  for (std::string line; std::getline(page, line);) {
    if (line.rfind(prefix, 0) == 0) return line.substr(prefix.size());
  }
  ADD_FAILURE() << "the page has no example '" << key << "'";
  return "";
}

std::string HexBytes(const std::string& text) {
  std::istringstream words(text);
  std::string bytes;
  for (std::string word; words >> word;) {
    bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

TEST(SparseFormatPage, WorkedExampleIsWhatTheCodecDoes) {
  std::istringstream words(Example("weights"));
  std::vector<int8_t> weights;
  for (int weight; words >> weight;) weights.push_back(static_cast<int8_t>(weight));
  ASSERT_EQ(weights.size(), 12u);
  const int block = std::stoi(Example("block"));
  for (Codec codec : {Codec::kDense, Codec::kRunLength, Codec::kBitmap}) {
    const std::string bytes = HexBytes(Example(CodecName(codec)));
    EXPECT_EQ(Encode(codec, weights, block), bytes) << CodecName(codec);
    EXPECT_EQ(Decode(codec, bytes, 12, block, "example"), weights) << CodecName(codec);
  }
}

TEST(SparseFormatPage, StreamsAreAsDescribed) {
  const StreamLayout streams =
      ToStreams(Codec::kRunLength, HexBytes(Example("rlc")), 12, std::stoi(Example("block")));
  EXPECT_EQ(streams.index, HexBytes("02 01 03"));
  EXPECT_EQ(streams.values, HexBytes("05 ff 00 7f 81 02"));
}

TEST(SparseFormatPage, FillerExampleIsWhatTheCodecDoes) {
  std::vector<int8_t> weights(600, 0);
  weights[598] = 7;
  weights[599] = 8;
  EXPECT_EQ(Encode(Codec::kRunLength, weights, 2), HexBytes(Example("filler")));
}

}  // namespace
}  // namespace tinyformer
