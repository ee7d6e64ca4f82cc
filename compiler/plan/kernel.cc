#include "compiler/plan/kernel.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/engine_shapes.h"
#include "tinyformer/engine/attention_pool_s8.h"
#include "tinyformer/engine/attention_s8.h"
#include "tinyformer/engine/conv2d_s8_sparse.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/linear_s8.h"
#include "tinyformer/engine/linear_s8_sparse.h"
#include "tinyformer/engine/strips.h"

namespace tinyformer {
namespace {

struct Site {
  const Graph& graph;
  const Node& node;
  int rows = 0;  // of the output, computed at a time; 0: all
  const Value& input(size_t i) const { return graph.value(node.inputs.at(i)); }
};

// Scratch of a kernel with weights, dense or sparse.
using WeightScratch = int64_t (*)(const Site& site, bool sparse);

// Scratch depends on the rows of the output alone.
engine::Conv2dShape RowsOf(const Site& site, engine::Conv2dShape shape) {
  if (site.rows > 0) shape.out_h = site.rows;
  return shape;
}

int64_t ConvScratch(const Site& site, bool sparse) {
  const engine::Conv2dShape shape = RowsOf(site, ConvShape(site.graph, site.node));
  if (!sparse) {
    engine::Conv2dS8 layer{};
    layer.shape = shape;
    return engine::conv2d_s8_scratch_bytes(layer);
  }
  engine::Conv2dS8Sparse layer{};
  layer.shape = shape;
  return engine::conv2d_s8_sparse_scratch_bytes(layer);
}

int64_t DepthwiseScratch(const Site& site, bool) {
  return engine::depthwise_conv2d_s8_scratch_bytes(RowsOf(site, ConvShape(site.graph, site.node)));
}

std::vector<size_t> DepthwiseInPlace(const Site& site) {
  if (engine::depthwise_conv2d_s8_in_place(ConvShape(site.graph, site.node))) return {0};
  return {};
}

std::vector<size_t> NotInPlace(const Site&) { return {}; }

int64_t LinearScratch(const Site& site, bool sparse) {
  const Shape& weight = site.input(1).shape;
  const int64_t rows = site.rows > 0 ? site.input(0).shape.at(1) : 1;
  const int32_t tokens = Narrow(TokenCount(site.input(0)) / rows * std::max(1, site.rows));
  if (!sparse) {
    engine::LinearS8 layer{};
    layer.tokens = tokens;
    layer.in = Narrow(weight[1]);
    layer.out = Narrow(weight[0]);
    return engine::linear_s8_scratch_bytes(layer);
  }
  engine::LinearS8Sparse layer{};
  layer.tokens = tokens;
  layer.in = Narrow(weight[1]);
  layer.out = Narrow(weight[0]);
  return engine::linear_s8_sparse_scratch_bytes(layer);
}

std::vector<size_t> LinearInPlace(const Site& site) {
  const Shape& weight = site.input(1).shape;
  const int32_t tokens = Narrow(TokenCount(site.input(0)));
  if (engine::linear_s8_in_place(tokens, Narrow(weight[1]), Narrow(weight[0]))) return {0};
  return {};
}

using Scratch = int64_t (*)(const Site& site);

int64_t NoScratch(const Site&) { return 0; }

int64_t AttentionScratch(const Site& site) {
  engine::AttentionS8 layer{};
  layer.tokens = Narrow(site.input(0).shape[1]);
  layer.channels = Narrow(site.input(0).shape[2]);
  layer.heads = Narrow(site.node.Int("heads", 1));
  return engine::attention_s8_scratch_bytes(layer);
}

int64_t AttentionPoolScratch(const Site& site) {
  engine::AttentionPoolS8 layer{};
  layer.tokens = Narrow(site.input(1).shape[1]);
  layer.channels = Narrow(site.input(1).shape[2]);
  return engine::attention_pool_s8_scratch_bytes(layer);
}

// Operators with weights, and the block sizes for which the engine has kernels.
struct WeightRule {
  const char* kernel;
  const char* dense_header;
  const char* sparse_header;
  std::vector<int> blocks;
  WeightScratch scratch;
  std::vector<size_t> (*in_place)(const Site& site);
};

const std::map<std::string, WeightRule>& WeightRules() {
  static const std::map<std::string, WeightRule> rules = {
      {"conv2d",
       {"conv2d_s8", "conv2d_s8.h", "conv2d_s8_sparse.h", {2, 4}, ConvScratch, NotInPlace}},
      {"depthwise_conv2d",
       {"depthwise_conv2d_s8",
        "depthwise_conv2d_s8.h",
        "depthwise_conv2d_s8.h",
        {3},
        DepthwiseScratch,
        DepthwiseInPlace}},
      {"linear",
       {"linear_s8", "linear_s8.h", "linear_s8_sparse.h", {2, 4}, LinearScratch, LinearInPlace}},
  };
  return rules;
}

struct PlainRule {
  const char* kernel;
  const char* header;
  std::vector<size_t> in_place;
  Scratch scratch;
};

const std::map<std::string, PlainRule>& PlainRules() {
  static const std::map<std::string, PlainRule> rules = {
      {"add", {"add_s8", "add_s8.h", {0, 1}, NoScratch}},
      {"attention", {"attention_s8", "attention_s8.h", {0}, AttentionScratch}},
      {"attention_pool", {"attention_pool_s8", "attention_pool_s8.h", {}, AttentionPoolScratch}},
      {"average_pool2d", {"average_pool2d_s8", "pool2d_s8.h", {}, NoScratch}},
      {"layernorm", {"layernorm_s8", "layernorm_s8.h", {0}, NoScratch}},
      {"max_pool2d", {"max_pool2d_s8", "pool2d_s8.h", {}, NoScratch}},
      {"requantize", {"requantize_s8", "requantize_s8.h", {0}, NoScratch}},
      {"reshape", {"", "", {}, NoScratch}},
      {"softmax", {"softmax_s8", "softmax_s8.h", {0}, NoScratch}},
      {"transpose", {"transpose_s8", "transpose_s8.h", {}, NoScratch}},
  };
  return rules;
}

[[noreturn]] void FailNoKernel(const Node& node) {
  std::vector<std::string> names;
  for (const auto& [op, rule] : WeightRules()) names.push_back(op);
  for (const auto& [op, rule] : PlainRules()) names.push_back(op);
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw Error("plan/no-kernel", "node '" + node.name + "' (" + node.op + ")",
              "an operator with an int8 kernel: " + list, node.op,
              "express the node by those operators before export");
}

}  // namespace

const std::vector<int>& SparseBlocks(const std::string& op) {
  static const std::vector<int> none;
  const auto found = WeightRules().find(op);
  return found == WeightRules().end() ? none : found->second.blocks;
}

std::vector<Kernel> ListKernels(const Graph& graph, const Node& node, CodecRequest request) {
  const std::vector<int>& blocks = SparseBlocks(node.op);
  if (blocks.empty()) return ListKernels(graph, node, std::vector<CodecChoice>());
  const Value& weight = graph.value(node.inputs.at(1));
  TF_CHECK(weight.is_constant() && weight.type == DType::kInt8, node.name, "weight", weight.name);
  const auto* data = reinterpret_cast<const int8_t*>(weight.data->data());
  return ListKernels(graph, node,
                     ListCodecs({data, weight.data->size()}, weight.shape.back(), blocks, request));
}

KernelLists ListKernels(const Graph& graph, CodecRequest request) {
  KernelLists lists;
  for (const Node& node : graph.nodes) lists.push_back(ListKernels(graph, node, request));
  return lists;
}

std::vector<Kernel> ListKernels(const Graph& graph, const Node& node,
                                const std::vector<CodecChoice>& codecs) {
  const Site site{graph, node};
  if (auto plain = PlainRules().find(node.op); plain != PlainRules().end()) {
    Kernel kernel;
    kernel.name = plain->second.kernel;
    kernel.header = plain->second.header;
    kernel.in_place = plain->second.in_place;
    kernel.scratch_bytes = plain->second.scratch(site);
    return {kernel};
  }
  const auto found = WeightRules().find(node.op);
  if (found == WeightRules().end()) FailNoKernel(node);
  const WeightRule& rule = found->second;
  std::vector<Kernel> kernels;
  for (const CodecChoice& choice : codecs) {
    const bool sparse = choice.codec != Codec::kDense;
    Kernel kernel;
    kernel.name = rule.kernel;
    if (sparse)
      kernel.name += std::string("_") + CodecName(choice.codec) + std::to_string(choice.block);
    kernel.header = sparse ? rule.sparse_header : rule.dense_header;
    kernel.codec = choice;
    kernel.has_weights = true;
    kernel.scratch_bytes = rule.scratch(site, sparse);
    kernel.in_place = rule.in_place(site);
    kernels.push_back(kernel);
  }
  return kernels;
}

int64_t StripScratchBytes(const Graph& graph, const Node& node, const Kernel& kernel, int rows) {
  const auto rule = WeightRules().find(node.op);
  if (rule == WeightRules().end()) return kernel.scratch_bytes;
  return rule->second.scratch({graph, node, rows}, kernel.codec.codec != Codec::kDense);
}

bool WindowInPlace(const Graph& graph, const Node& node, int rows) {
  if (node.op != "depthwise_conv2d") return false;
  engine::DepthwiseConv2dS8 layer{};
  layer.shape = ConvShape(graph, node);
  const engine::Conv2dShape part = engine::strip_window(layer, rows).shape;
  // Every strip up to this one's rows; its output must not reach the rows that the next one keeps.
  for (int count = 1; count <= rows; ++count) {
    if (!engine::depthwise_conv2d_s8_in_place(engine::strip_window(layer, count).shape))
      return false;
  }
  return part.out_w <= part.stride_h * part.in_w;
}

Kernel SmallestKernel(const std::vector<Kernel>& kernels) {
  TF_CHECK(!kernels.empty());
  return *std::min_element(kernels.begin(), kernels.end(), [](const Kernel& a, const Kernel& b) {
    return a.codec.bytes < b.codec.bytes;
  });
}

int64_t TokenCount(const Value& value) { return ElementCount(value.shape) / value.shape.back(); }

}  // namespace tinyformer
