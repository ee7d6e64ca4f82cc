#pragma once

#include "compiler/ir/graph.h"

namespace tinyformer {

/// Recognises sequence pooling: tokens averaged with softmax weights, one logit a token.
///
/// Example  %l [1,T,1] -> Transpose -> Softmax [1,1,T] -> MatMul(.., %x [1,T,d]) -> Reshape [1,d]
///          ->   %p = attention_pool(%l, %x)
/// Needs    a graph at ONNX level after FuseLinear and FuseAttention
/// Ensures  no Softmax is left that only weighs tokens
/// Source   Compact Convolutional Transformers (arXiv 2104.05704), SeqPool
Graph FuseAttentionPool(Graph g);

}  // namespace tinyformer
