// The layers that `tinyformer bench kernels` measures: one of every kernel, at shapes of
// TinyFormer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/sparse/choose_codec.h"

namespace tinyformer::bench {

/// One layer as a network of its own.
struct KernelCase {
  std::string kernel;  ///< the engine's function, as the compiler will choose it
  std::string shape;   ///< "64x192->576": tokens x in -> out; "16x16x44->44"; "256x256"
  double sparsity = 0;
  CodecRequest codec = CodecRequest::kDense;
  Graph graph;       ///< quantized, this one node, random weights by a fixed seed
  int64_t work = 0;  ///< MACs of the dense layer, or elements of the output
  std::string unit;  ///< "MAC" or "element"
};

/// All of them, in the order of the table: grouped by operator, dense first, then by sparsity.
std::vector<KernelCase> KernelCases();

}  // namespace tinyformer::bench
