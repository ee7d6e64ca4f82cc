// Sparse codes: dense, blockwise run length (the paper's) and bitmap; their exact bytes:
// docs/sparse_format.md.
//
// Start here:  Codec, EncodedBytes, Encode, Decode. Which one a layer gets:
// compiler/sparse/choose_codec.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tinyformer {

enum class Codec : uint8_t { kDense, kRunLength, kBitmap };

/// "dense", "rlc", "bitmap": the words of the command line, of plan.json and of kernel names.
const char* CodecName(Codec codec);

/// How often a layer's blocks are zero.
///
/// blocks   elements / block
/// nonzero  blocks with at least one element that is not 0
/// fillers  zero blocks that both codes have to store because a distance exceeds 255
struct BlockCounts {
  int64_t blocks = 0;
  int64_t nonzero = 0;
  int64_t fillers = 0;
  /// Share of the blocks that are zero, in [0, 1].
  double sparsity() const;
};

/// Counts over the flattened layer.
///
/// Needs   block in [1, 255] divides weights.size() (bug otherwise)
/// Source  paper III-D1, Fig. 7
BlockCounts CountBlocks(std::span<const int8_t> weights, int block);

/// Size of Encode's result, without encoding.
///
/// dense: elements. rlc: (nonzero + fillers) * (block + 1), which is Eq. 5 plus fillers. bitmap:
/// ceil(blocks / 8) + (nonzero + fillers) * block.
int64_t EncodedBytes(Codec codec, std::span<const int8_t> weights, int block);

/// The same from CountBlocks' result.
int64_t EncodedBytes(Codec codec, const BlockCounts& counts, int block);

/// The layer's bytes in the record layout of docs/sparse_format.md.
///
/// Needs   block divides weights.size() (bug otherwise); kDense ignores block
/// Source  paper III-D1
std::string Encode(Codec codec, std::span<const int8_t> weights, int block);

/// The weights back from bytes that may be hostile; accepts exactly what Encode can produce.
///
/// name is what the user calls the layer; elements >= 0 and block divides it (bug otherwise).
/// Errors  sparse/size (bytes missing or left over), sparse/distance (0, in a bitmap above 255),
///         sparse/range (a block outside the layer), sparse/zero-block (a stored zero block that is
///         no filler), sparse/padding (a set bit after the last block)
std::vector<int8_t> Decode(Codec codec, const std::string& bytes, int64_t elements, int block,
                           const std::string& name);

/// The two arrays that kernels read: index bytes and values, each of which can be aligned on its
/// own.
///
/// rlc: index = the distances, values = the blocks, in record order. bitmap: index = the bits,
/// values = the blocks. dense: index is empty. index.size() + values.size() == EncodedBytes.
struct StreamLayout {
  std::string index;
  std::string values;
};

/// Splits Encode's bytes.
/// Errors (bug)  bytes are not a multiple of a record
StreamLayout ToStreams(Codec codec, const std::string& bytes, int64_t elements, int block);

/// Sparsity above which the codec stores a large layer in fewer bytes than dense: rlc 1 / (b + 1),
/// bitmap 1 / (8 b); 0 for dense.
double BreakEvenSparsity(Codec codec, int block);

/// Dense bytes over run-length bytes of a large layer without fillers.
/// Source  paper Eq. 5
double RunLengthCompression(double sparsity, int block);

}  // namespace tinyformer
