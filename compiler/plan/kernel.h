// Which engine kernel computes a quantized node, what scratch it needs and which operand it may
// overwrite.
//
// Start here:  Kernel, ListKernels. Adding one: a line in kernel.cc's table, and its emission in
// compiler/emit/layer_text.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/sparse/choose_codec.h"

namespace tinyformer {

/// A kernel as it would compute one node.
///
/// name      the engine's function, e.g. "linear_s8_bitmap4"; empty when the node only renames
///           memory (reshape)
/// header    the engine header that declares it, e.g. "linear_s8_sparse.h"
/// codec     how the weights are stored; dense with 0 bytes for a node without weights
/// in_place  operands whose memory the output may take over
struct Kernel {
  std::string name;
  std::string header;
  CodecChoice codec;
  bool has_weights = false;
  int64_t scratch_bytes = 0;
  std::vector<size_t> in_place;
};

/// All kernels that can compute the node, one for each way of storing its weights, dense first; one
/// for a node without weights.
///
/// Needs   a node of the quantized level
/// Errors  plan/no-kernel (names node and operator, lists the operators that have kernels)
std::vector<Kernel> ListKernels(const Graph& graph, const Node& node, CodecRequest request);

/// The same when the ways of storing the node's weights are known (ListCodecs at SparseBlocks): the
/// weights' elements are not read. `codecs` is empty for a node without weights.
std::vector<Kernel> ListKernels(const Graph& graph, const Node& node,
                                const std::vector<CodecChoice>& codecs);

/// ListKernels for every node of a graph.
using KernelLists = std::vector<std::vector<Kernel>>;
KernelLists ListKernels(const Graph& graph, CodecRequest request);

/// Block sizes for which the engine has kernels of this operator; none for one without weights.
const std::vector<int>& SparseBlocks(const std::string& op);

/// The kernel of ListKernels whose weights take the fewest bytes; the first of equals.
Kernel SmallestKernel(const std::vector<Kernel>& kernels);

/// Scratch of a kernel that computes `rows` rows of the node's output as part of a strip
/// (tinyformer/engine/strips.h). Needs a node of a chain (compiler/plan/strips.h).
int64_t StripScratchBytes(const Graph& graph, const Node& node, const Kernel& kernel, int rows);

/// Whether a strip of the node's output may overwrite the rows of the input that it was made from.
/// Needs the middle node of a chain.
bool WindowInPlace(const Graph& graph, const Node& node, int rows);

/// Rows of a value whose last dimension is the inner one: elements / shape.back().
int64_t TokenCount(const Value& value);

}  // namespace tinyformer
