#include "compiler/sparse/codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/check.h"
#include "base/error.h"
#include "base/rng.h"

namespace tinyformer {
namespace {

using Weights = std::vector<int8_t>;

constexpr Codec kCodecs[] = {Codec::kDense, Codec::kRunLength, Codec::kBitmap};

Weights RandomWeights(Rng& rng, int64_t blocks, int block, double sparsity) {
  Weights weights(static_cast<size_t>(blocks * block), 0);
  for (int64_t i = 0; i < blocks; ++i) {
    if (rng.Chance(sparsity)) continue;
    for (int j = 0; j < block; ++j) {
      weights[static_cast<size_t>(i * block + j)] =
          static_cast<int8_t>(static_cast<int>(rng.Below(255)) - 127);
    }
  }
  return weights;
}

std::string ErrorText(Codec codec, const std::string& bytes, int64_t elements, int block) {
  try {
    Decode(codec, bytes, elements, block, "last");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string Expect(const std::string& code, const std::string& codec, const std::string& expected,
                   const std::string& found) {
  return "error[sparse/" + code + "] layer 'last' (" + codec + ")\n  expected: " + expected +
         "\n  found:    " + found +
         "\n  fix:      encode the layer again: these bytes were damaged or written for another "
         "layer";
}

TEST(Codec, DecodeInvertsEncodeForAnySeed) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, "codec");
    const int block = static_cast<int>(2 + rng.Below(3));
    const Weights weights =
        RandomWeights(rng, static_cast<int64_t>(rng.Below(1500)), block, rng.Uniform(0, 1.01));
    for (Codec codec : kCodecs) {
      const std::string bytes = Encode(codec, weights, block);
      const auto elements = static_cast<int64_t>(weights.size());
      EXPECT_EQ(Decode(codec, bytes, elements, block, "w"), weights)
          << "seed " << seed << " " << CodecName(codec);
      EXPECT_EQ(EncodedBytes(codec, weights, block), static_cast<int64_t>(bytes.size()))
          << "seed " << seed << " " << CodecName(codec);
    }
  }
}

TEST(Codec, StreamsHoldTheSameBytes) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed, "streams");
    const Weights weights = RandomWeights(rng, 700, 4, 0.8);
    for (Codec codec : kCodecs) {
      const std::string bytes = Encode(codec, weights, 4);
      const StreamLayout streams = ToStreams(codec, bytes, 2800, 4);
      EXPECT_EQ(streams.index.size() + streams.values.size(), bytes.size()) << "seed " << seed;
      if (codec == Codec::kRunLength) {
        EXPECT_EQ(streams.index.size() * 4, streams.values.size());
      }
    }
  }
}

TEST(Codec, FillersAppearExactlyAboveDistance255) {
  for (int64_t distance : {1, 255, 256, 510, 511, 765, 766}) {
    Weights weights(static_cast<size_t>(2 * (distance + 1)), 0);
    weights[0] = 1;
    weights[static_cast<size_t>(2 * distance)] = 1;
    EXPECT_EQ(CountBlocks(weights, 2).fillers, (distance - 1) / 255) << distance;
    const auto stored = static_cast<size_t>(2 + (distance - 1) / 255);
    EXPECT_EQ(Encode(Codec::kRunLength, weights, 2).size(), 3 * stored) << distance;
    EXPECT_EQ(Encode(Codec::kBitmap, weights, 2).size(), (weights.size() / 2 + 7) / 8 + 2 * stored)
        << distance;
  }
}

TEST(Codec, ALayerOfZerosTakesNoRunLengthBytes) {
  const Weights weights(4000, 0);
  EXPECT_EQ(Encode(Codec::kRunLength, weights, 4), "");
  EXPECT_EQ(EncodedBytes(Codec::kBitmap, weights, 4), 125);
  EXPECT_EQ(CountBlocks(weights, 4).sparsity(), 1.0);
}

// Paper Eq. 5: with exactly rho of the blocks zero the ratio is the equation's, apart from the
// fillers.
TEST(Codec, RunLengthReproducesEquation5) {
  for (int block : {2, 3, 4}) {
    for (double rho : {0.4, 0.5, 0.6, 0.7, 0.8}) {
      constexpr int64_t kBlocks = 60000;
      Rng rng(1, "equation 5");
      std::vector<int8_t> stored(kBlocks, 1);
      std::fill_n(stored.begin(), std::llround(rho * kBlocks), int8_t{0});
      rng.Shuffle(stored);
      Weights weights;
      for (int8_t value : stored) weights.insert(weights.end(), static_cast<size_t>(block), value);
      const BlockCounts counts = CountBlocks(weights, block);
      const auto bytes = static_cast<int64_t>(Encode(Codec::kRunLength, weights, block).size());
      EXPECT_EQ(bytes, (counts.nonzero + counts.fillers) * (block + 1));
      EXPECT_EQ(counts.fillers, 0);  // a gap of 255 at rho = 0.8 has probability 0.8^255 = 2e-25
      EXPECT_NEAR(static_cast<double>(kBlocks * block) / static_cast<double>(bytes),
                  RunLengthCompression(rho, block), 1e-9)
          << "rho " << rho << " b " << block;
    }
  }
}

TEST(Codec, Equation5TableHasThePublishedValues) {
  const double rho[] = {0.4, 0.5, 0.6, 0.7, 0.8};
  const double block2[] = {1.11, 1.33, 1.67, 2.22, 3.33};
  const double block3[] = {1.25, 1.50, 1.88, 2.50, 3.75};
  const double block4[] = {1.33, 1.60, 2.00, 2.67, 4.00};
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(RunLengthCompression(rho[i], 2), block2[i], 0.005 + 1e-9);
    EXPECT_NEAR(RunLengthCompression(rho[i], 3), block3[i], 0.005 + 1e-9);
    EXPECT_NEAR(RunLengthCompression(rho[i], 4), block4[i], 0.005 + 1e-9);
  }
}

TEST(Codec, BreakEvenIsWhereTheBytesCross) {
  for (Codec codec : {Codec::kRunLength, Codec::kBitmap}) {
    for (int block : {2, 3, 4}) {
      for (double side : {-0.01, 0.01}) {
        const double rho = BreakEvenSparsity(codec, block) + side;
        Weights weights;
        for (int i = 0; i < 8000; ++i) {
          const bool zero = std::floor((i + 1) * rho) > std::floor(i * rho);
          weights.insert(weights.end(), static_cast<size_t>(block), zero ? 0 : 1);
        }
        EXPECT_EQ(EncodedBytes(codec, weights, block) < static_cast<int64_t>(weights.size()),
                  side > 0)
            << CodecName(codec) << " b " << block;
      }
    }
  }
}

TEST(Codec, ABlockThatDoesNotDivideIsOurBug) {
  EXPECT_THROW(Encode(Codec::kRunLength, Weights(5, 1), 2), CheckFailure);
  EXPECT_THROW(CountBlocks(Weights(5, 1), 0), CheckFailure);
}

TEST(DecodeDense, RefusesAWrongSize) {
  EXPECT_EQ(ErrorText(Codec::kDense, "abc", 4, 2),
            Expect("size", "dense, block 1", "4 bytes", "3 bytes"));
}

TEST(DecodeRunLength, RefusesHostileBytes) {
  const std::string layer = "rlc, block 2";
  const Codec rlc = Codec::kRunLength;
  EXPECT_EQ(ErrorText(rlc, std::string("\1\1", 2), 8, 2),
            Expect("size", layer, "a multiple of 3 bytes", "2 bytes"));
  EXPECT_EQ(ErrorText(rlc, std::string("\0\1\1", 3), 8, 2),
            Expect("distance", layer, "a distance in [1, 255]", "record 0 has distance 0"));
  EXPECT_EQ(ErrorText(rlc, std::string("\5\1\1", 3), 8, 2),
            Expect("range", layer, "blocks 0 to 3", "record 0 stands for block 4"));
  EXPECT_EQ(
      ErrorText(rlc, std::string("\1\0\0\1\1\1", 6), 8, 2),
      Expect("zero-block", layer, "zero blocks only as fillers: distance 255 and a record after it",
             "record 0 is a zero block with distance 1"));
  EXPECT_EQ(
      ErrorText(rlc, std::string("\xff\0\0", 3), 600, 2),
      Expect("zero-block", layer, "zero blocks only as fillers: distance 255 and a record after it",
             "record 0 is a zero block with distance 255 at the end"));
}

TEST(DecodeBitmap, RefusesHostileBytes) {
  const std::string layer = "bitmap, block 2";
  const Codec bitmap = Codec::kBitmap;
  EXPECT_EQ(ErrorText(bitmap, "", 8, 2), Expect("size", layer, "at least 1 bytes", "0 bytes"));
  EXPECT_EQ(ErrorText(bitmap, std::string("\x10", 1), 8, 2),
            Expect("padding", layer, "zero bits after block 3", "bit 4 is set"));
  EXPECT_EQ(ErrorText(bitmap, std::string("\x03\1\1", 3), 8, 2),
            Expect("size", layer, "5 bytes", "3 bytes"));
  EXPECT_EQ(ErrorText(bitmap, std::string("\x01\0\0", 3), 8, 2),
            Expect("zero-block", layer,
                   "zero blocks only as fillers: 255 after a stored block and one after it",
                   "block 0 is stored and zero"));
  std::string far(38, '\0');  // 300 blocks, the last one stored
  far[37] = 8;
  EXPECT_EQ(ErrorText(bitmap, far + "\1\1", 600, 2),
            Expect("distance", layer, "stored blocks at most 255 apart",
                   "block 299 is 300 after the one before"));
  std::string filler(38, '\0');  // a filler with nothing after it
  filler[31] = 0x40;
  EXPECT_EQ(ErrorText(bitmap, filler + std::string(2, '\0'), 600, 2),
            Expect("zero-block", layer,
                   "zero blocks only as fillers: 255 after a stored block and one after it",
                   "block 254 is stored and zero"));
}

// Whatever the bytes are: an Error, or weights which encode to the same bytes.
TEST(Decode, AcceptsOnlyWhatEncodeWrites) {
  int accepted = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Rng rng(seed, "hostile");
    const Codec codec = kCodecs[rng.Below(3)];
    std::string bytes = Encode(codec, RandomWeights(rng, 40, 2, 0.7), 2);
    const uint64_t changes = rng.Below(3);
    for (uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(256));
    }
    if (rng.Chance(0.2)) bytes.resize(rng.Below(bytes.size() + 4));
    try {
      EXPECT_EQ(Encode(codec, Decode(codec, bytes, 80, 2, "w"), 2), bytes) << "seed " << seed;
      ++accepted;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(accepted, 200);
  EXPECT_LT(accepted, 1900);
}

}  // namespace
}  // namespace tinyformer
