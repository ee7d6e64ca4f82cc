// Every operator's definition, for compiler/ops/all_ops.cc.
#pragma once

#include "compiler/ops/op_def.h"

namespace tinyformer {

extern const OpDef kAdd, kAttention, kAttentionPool, kAveragePool, kAveragePool2d,
    kBatchNormalization, kClip, kConv, kConv2d, kDepthwiseConv2d, kFlatten, kGemm,
    kGlobalAveragePool, kIdentity, kLayerNormalization, kLayernorm, kLinear, kLoweredAdd,
    kLoweredMul, kLoweredReshape, kLoweredSoftmax, kLoweredTranspose, kMatMul, kMaxPool, kMaxPool2d,
    kMul, kRelu, kRequantize, kReshape, kSoftmax, kTranspose;

}  // namespace tinyformer
