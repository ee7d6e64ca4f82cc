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
              "choose one of them; auto takes for each layer what --optimize asks for");
}

std::vector<CodecChoice> ListCodecs(std::span<const int8_t> weights, int64_t inner,
                                    const std::vector<int>& blocks, CodecRequest request) {
  const auto elements = static_cast<int64_t>(weights.size());
  TF_CHECK(inner > 0 && elements % inner == 0, "elements", elements, "inner", inner);
  CodecChoice dense;
  dense.bytes = dense.dense_bytes = dense.effective_weights = elements;
  if (elements > 0) {
    dense.sparsity = static_cast<double>(std::count(weights.begin(), weights.end(), 0)) /
                     static_cast<double>(elements);
  }
  std::vector<CodecChoice> choices = {dense};
  std::vector<int> descending = blocks;
  std::sort(descending.rbegin(), descending.rend());
  for (int block : descending) {
    if (inner % block != 0) continue;
    const BlockCounts counts = CountBlocks(weights, block);
    for (Codec codec : AllowedCodecs(request)) {
      CodecChoice choice = dense;
      choice.codec = codec;
      choice.block = block;
      choice.bytes = EncodedBytes(codec, counts, block);
      choice.sparsity = counts.sparsity();
      choice.effective_weights = (counts.nonzero + counts.fillers) * block;
      if (choice.bytes < choice.dense_bytes) choices.push_back(choice);
    }
  }
  return choices;
}

CodecChoice ChooseCodec(std::span<const int8_t> weights, int64_t inner,
                        const std::vector<int>& blocks, CodecRequest request) {
  const std::vector<CodecChoice> choices = ListCodecs(weights, inner, blocks, request);
  return *std::min_element(
      choices.begin(), choices.end(),
      [](const CodecChoice& a, const CodecChoice& b) { return a.bytes < b.bytes; });
}

}  // namespace tinyformer
