#include "compiler/sparse/choose_codec.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"

namespace tinyformer {
namespace {

std::vector<Codec> AllowedCodecs(CodecRequest request) {
  switch (request) {
    case CodecRequest::kAuto:
      return {Codec::kRunLength, Codec::kBitmap};
    case CodecRequest::kRunLength:
      return {Codec::kRunLength};
    case CodecRequest::kBitmap:
      return {Codec::kBitmap};
    case CodecRequest::kDense:
      return {};
  }
  return {};
}

}  // namespace

CodecRequest ParseCodecRequest(const std::string& text) {
  if (text == "auto") return CodecRequest::kAuto;
  if (text == "dense") return CodecRequest::kDense;
  if (text == "rlc") return CodecRequest::kRunLength;
  if (text == "bitmap") return CodecRequest::kBitmap;
  throw Error("compile/codec", "--codec", "auto, dense, rlc or bitmap", "'" + text + "'",
              "choose one of them; auto takes the smallest for each layer");
}

CodecChoice ChooseCodec(std::span<const int8_t> weights, int64_t inner,
                        const std::vector<int>& blocks, CodecRequest request) {
  const auto elements = static_cast<int64_t>(weights.size());
  TF_CHECK(inner > 0 && elements % inner == 0, "elements", elements, "inner", inner);
  CodecChoice best;
  best.bytes = best.dense_bytes = best.effective_weights = elements;
  if (elements > 0) {
    best.sparsity = static_cast<double>(std::count(weights.begin(), weights.end(), 0)) /
                    static_cast<double>(elements);
  }
  std::vector<int> descending = blocks;
  std::sort(descending.rbegin(), descending.rend());
  for (int block : descending) {
    if (inner % block != 0) continue;
    const BlockCounts counts = CountBlocks(weights, block);
    for (Codec codec : AllowedCodecs(request)) {
      const int64_t bytes = EncodedBytes(codec, weights, block);
      if (bytes >= best.bytes) continue;
      best.codec = codec;
      best.block = block;
      best.bytes = bytes;
      best.sparsity = counts.sparsity();
      best.effective_weights =
          (counts.nonzero + (codec == Codec::kRunLength ? counts.fillers : 0)) * block;
    }
  }
  return best;
}

}  // namespace tinyformer
