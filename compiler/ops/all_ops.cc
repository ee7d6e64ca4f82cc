// The table of operators: one line each, sorted.
#include "compiler/ops/op_list.h"

namespace tinyformer {

const std::vector<const OpDef*>& AllOps() {
  static const std::vector<const OpDef*> ops = {
      // ONNX level
      &kAdd,
      &kAveragePool,
      &kBatchNormalization,
      &kClip,
      &kConv,
      &kFlatten,
      &kGemm,
      &kGlobalAveragePool,
      &kIdentity,
      &kLayerNormalization,
      &kMatMul,
      &kMaxPool,
      &kMul,
      &kRelu,
      &kReshape,
      &kSoftmax,
      &kTranspose,
      // lowered
      &kLoweredAdd,
      &kAttention,
      &kAttentionPool,
      &kAveragePool2d,
      &kConv2d,
      &kDepthwiseConv2d,
      &kLayernorm,
      &kLinear,
      &kMaxPool2d,
      &kLoweredMul,
      &kRequantize,
      &kLoweredReshape,
      &kLoweredSoftmax,
      &kLoweredTranspose,
  };
  return ops;
}

}  // namespace tinyformer
