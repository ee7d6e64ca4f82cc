// Self-adaptive coding: each layer is stored in the code that takes the fewest bytes, or dense.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/sparse/codec.h"

namespace tinyformer {

/// What `--codec` asks for. kRunLength and kBitmap mean "this one where it is smaller than dense",
/// as in the paper.
enum class CodecRequest : uint8_t { kAuto, kDense, kRunLength, kBitmap };

/// "auto", "dense", "rlc", "bitmap".
/// Errors  compile/codec
CodecRequest ParseCodecRequest(const std::string& text);

/// How one layer is stored.
///
/// block              1 for dense
/// bytes              stored bytes; dense_bytes what dense would take
/// sparsity           share of zero blocks at that block size (dense: share of zero weights)
/// effective_weights  elements that a kernel multiplies: dense all of them, sparse those in stored
///                    blocks
struct CodecChoice {
  Codec codec = Codec::kDense;
  int block = 1;
  int64_t bytes = 0;
  int64_t dense_bytes = 0;
  double sparsity = 0;
  int64_t effective_weights = 0;
};

/// Every way in which the layer may be stored: dense first, then falling block sizes, each in run
/// length and bitmap; never one that takes more bytes than dense.
///
/// weights  flattened layer, inner dimension last
/// inner    elements of the inner dimension: input channels (conv, linear) or kernel width
///          (depthwise)
/// blocks   block sizes to try; those that do not divide inner are passed over
/// Source   paper III-D1 ("stored as sparse format only if sparse coding could reduce the storage
///          occupation")
std::vector<CodecChoice> ListCodecs(std::span<const int8_t> weights, int64_t inner,
                                    const std::vector<int>& blocks, CodecRequest request);

/// The smallest of ListCodecs; the first of equals.
CodecChoice ChooseCodec(std::span<const int8_t> weights, int64_t inner,
                        const std::vector<int>& blocks, CodecRequest request);

}  // namespace tinyformer
