#include "search/build_graph.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {
namespace {

constexpr double kNormEpsilon = 1e-5;  // of batch and layer normalisation

/// [rows, columns] -> [columns, rows].
std::vector<float> Transposed(const std::vector<float>& matrix, int64_t rows, int64_t columns) {
  std::vector<float> result(matrix.size());
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  }
  return result;
}

// Appends the network's modules, in the order of ListLayers.
class GraphBuilder {
 public:
  GraphBuilder(const Genome& genome, const std::map<std::string, NamedTensor>& tensors,
               const std::string& weights_name)
      : genome_(genome), tensors_(tensors), weights_name_(weights_name) {
    for (LayerSpec& layer : ListLayers(genome)) {
      std::string name = layer.name;
      layers_.emplace(std::move(name), std::move(layer));
    }
  }

  Graph Build() {
    graph_.name = genome_.name;
    ValueId x = graph_.AddValue({"image",
                                 DType::kFloat32,
                                 {1, genome_.channels, genome_.height, genome_.width},
                                 std::nullopt,
                                 std::nullopt});
    graph_.inputs = {x};
    if (genome_.stem > 0) x = Relu("stem.conv", ConvBn("stem.conv", x));
    for (size_t d = 0; d < genome_.dots.size(); ++d)
      x = Dot("dot" + std::to_string(d + 1), genome_.dots[d], x);
    x = Relu("last", Gemm("last", Pool(x)));
    x = Gemm("head", x);
    graph_.value(x).name = "logits";
    graph_.outputs = {x};
    Graph result = Compact(graph_);
    Verify(result, "BuildGraph");
    return result;
  }

 private:
  ValueId Dot(const std::string& name, const DotGene& gene, ValueId x) {
    x = Downsample(name + ".down", gene.downsample.kind, x);
    for (size_t i = 0; i < gene.mobilenets.size(); ++i)
      x = InvertedResidual(name + ".mb" + std::to_string(i + 1), x, true);
    for (size_t i = 0; i < gene.transformers.size(); ++i)
      x = Transformer(name + ".tr" + std::to_string(i + 1), gene.transformers[i], x);
    return x;
  }

  ValueId Downsample(const std::string& name, const std::string& kind, ValueId x) {
    if (kind == "inverted_residual") return InvertedResidual(name, x, false);
    x = Relu(name + ".conv", ConvBn(name + ".conv", x));
    if (kind == "conv_stride2") return x;
    const std::vector<int64_t> two{2, 2};
    return Append(name + ".pool", "MaxPool", {x}, {{"kernel_shape", two}, {"strides", two}});
  }

  ValueId InvertedResidual(const std::string& name, ValueId x, bool residual) {
    ValueId y = Relu6(name + ".expand", ConvBn(name + ".expand", x));
    y = Relu6(name + ".depthwise", ConvBn(name + ".depthwise", y));
    y = ConvBn(name + ".project", y);
    return residual ? Append(name + ".add", "Add", {x, y}) : y;
  }

  ValueId Transformer(const std::string& name, const TransformerGene& gene, ValueId x) {
    ValueId y = Relu(name + ".conv_in", ConvBn(name + ".conv_in", x));
    y = Relu(name + ".proj_in", ConvBn(name + ".proj_in", y));
    const Shape map = graph_.value(y).shape;
    ValueId tokens = ToTokens(name, y);
    ValueId attended = Attention(name, gene.heads, LayerNorm(name + ".ln1", tokens));
    tokens = Append(name + ".add1", "Add", {tokens, attended});
    ValueId hidden = Relu(name + ".mlp1", Linear(name + ".mlp1", LayerNorm(name + ".ln2", tokens)));
    tokens = Append(name + ".add2", "Add", {tokens, Linear(name + ".mlp2", hidden)});
    y = Reshape(name + ".map", Transpose(name + ".map.transpose", tokens, {0, 2, 1}), map);
    y = Relu(name + ".proj_out", ConvBn(name + ".proj_out", y));
    y = ConvBn(name + ".conv_out", y);
    return gene.residual ? Append(name + ".add", "Add", {x, y}) : y;
  }

  // Shapes  x [1, T, d] -> [1, T, d]; heads lie side by side in d
  ValueId Attention(const std::string& name, int heads, ValueId x) {
    const int64_t tokens = graph_.value(x).shape[1], dim = graph_.value(x).shape[2];
    const int64_t width = dim / heads;
    const Shape split{1, tokens, heads, width};
    auto head = [&](const std::string& part, std::vector<int64_t> order, float factor) {
      const std::string at = name + part;
      return Transpose(at + ".heads", Reshape(at + ".split", Linear(at, x, factor), split),
                       std::move(order));
    };
    const auto factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(width)));
    ValueId q = head(".q", {0, 2, 1, 3}, factor);
    ValueId k = head(".k", {0, 2, 3, 1}, 1);
    ValueId v = head(".v", {0, 2, 1, 3}, 1);
    ValueId scores = Append(name + ".scores", "MatMul", {q, k});
    ValueId weights = Append(name + ".softmax", "Softmax", {scores}, {{"axis", int64_t{-1}}});
    ValueId mixed = Append(name + ".attention", "MatMul", {weights, v});
    mixed = Transpose(name + ".merge.transpose", mixed, {0, 2, 1, 3});
    return Linear(name + ".out", Reshape(name + ".merge", mixed, {1, tokens, dim}));
  }

  // Shapes  x [1, c, h, w] -> [1, features]
  ValueId Pool(ValueId x) {
    const Shape map = graph_.value(x).shape;
    if (genome_.pooling == "average") {
      const std::vector<int64_t> two{2, 2};
      x = Append("pool", "AveragePool", {x}, {{"kernel_shape", two}, {"strides", two}});
      return Append("pool.flatten", "Flatten", {x}, {{"axis", int64_t{1}}});
    }
    if (genome_.pooling == "global") {
      x = Append("pool", "GlobalAveragePool", {x});
      return Append("pool.flatten", "Flatten", {x}, {{"axis", int64_t{1}}});
    }
    // SeqPool. Source  CCT (arXiv 2104.05704), section 3.3
    ValueId tokens = ToTokens("pool", x);
    ValueId scores = Transpose("pool.transpose", Linear("pool.score", tokens), {0, 2, 1});
    ValueId weights = Append("pool.softmax", "Softmax", {scores}, {{"axis", int64_t{-1}}});
    return Reshape("pool.flatten", Append("pool", "MatMul", {weights, tokens}), {1, map[1]});
  }

  ValueId ConvBn(const std::string& name, ValueId x) {
    const LayerSpec& layer = layers_.at(name);
    const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
    const int64_t pad = layer.kernel / 2, kernel = layer.kernel, out = layer.out;
    ValueId weight = Parameter(name + ".weight", {out, depthwise ? 1 : layer.in, kernel, kernel});
    ValueId y = Append(name, "Conv", {x, weight},
                       {{"kernel_shape", std::vector<int64_t>{kernel, kernel}},
                        {"strides", std::vector<int64_t>{layer.stride, layer.stride}},
                        {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                        {"dilations", std::vector<int64_t>{1, 1}},
                        {"group", depthwise ? out : int64_t{1}}});
    std::vector<ValueId> operands{y};
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
      operands.push_back(Parameter(name + ".bn" + part, {out}));
    return Append(name + ".bn", "BatchNormalization", operands, {{"epsilon", kNormEpsilon}});
  }

  // y = factor (x W^T + b), as MatMul and Add: what exporters make of a linear layer on tokens.
  ValueId Linear(const std::string& name, ValueId x, float factor = 1) {
    const LayerSpec& layer = layers_.at(name);
    std::vector<float> weight = Read(name + ".weight", {layer.out, layer.in});
    std::vector<float> bias = Read(name + ".bias", {layer.out});
    for (float& w : weight) w *= factor;
    for (float& b : bias) b *= factor;
    ValueId w = graph_.AddConstant(name + ".weight", {layer.in, layer.out},
                                   Transposed(weight, layer.out, layer.in));
    ValueId product = Append(name, "MatMul", {x, w});
    ValueId b = graph_.AddConstant(name + ".bias", {layer.out}, bias);
    return Append(name + ".add_bias", "Add", {product, b});
  }

  ValueId Gemm(const std::string& name, ValueId x) {
    const LayerSpec& layer = layers_.at(name);
    return Append(name, "Gemm",
                  {x, Parameter(name + ".weight", {layer.out, layer.in}),
                   Parameter(name + ".bias", {layer.out})},
                  {{"transB", int64_t{1}}});
  }

  ValueId LayerNorm(const std::string& name, ValueId x) {
    const int64_t dim = layers_.at(name).out;
    return Append(name, "LayerNormalization",
                  {x, Parameter(name + ".weight", {dim}), Parameter(name + ".bias", {dim})},
                  {{"axis", int64_t{-1}}, {"epsilon", kNormEpsilon}});
  }

  ValueId Relu(const std::string& name, ValueId x) { return Append(name + ".relu", "Relu", {x}); }

  ValueId Relu6(const std::string& name, ValueId x) {
    return Append(name + ".relu6", "Clip",
                  {x, graph_.AddConstant(name + ".relu6.min", {}, {0.0F}),
                   graph_.AddConstant(name + ".relu6.max", {}, {6.0F})});
  }

  // Shapes  [1, c, h, w] -> [1, h * w, c]
  ValueId ToTokens(const std::string& name, ValueId x) {
    const Shape map = graph_.value(x).shape;
    ValueId flat = Reshape(name + ".tokens", x, {1, map[1], map[2] * map[3]});
    return Transpose(name + ".tokens.transpose", flat, {0, 2, 1});
  }

  ValueId Reshape(const std::string& name, ValueId x, const Shape& shape) {
    ValueId target = graph_.AddTypedConstant<int64_t>(name + ".shape", DType::kInt64,
                                                      {static_cast<int64_t>(shape.size())}, shape);
    return Append(name, "Reshape", {x, target});
  }

  ValueId Transpose(const std::string& name, ValueId x, std::vector<int64_t> order) {
    return Append(name, "Transpose", {x}, {{"perm", std::move(order)}});
  }

  ValueId Append(const std::string& name, const std::string& op, std::vector<ValueId> operands,
                 std::map<std::string, Attribute> attributes = {}) {
    Node node{name, op, std::move(operands), {}, std::move(attributes)};
    Shape shape = InferShapes({graph_, node, kGraphOpset}).at(0);
    return graph_.AddNode(std::move(node), std::move(shape));
  }

  ValueId Parameter(const std::string& name, const Shape& shape) {
    return graph_.AddConstant(name, shape, Read(name, shape));
  }

  std::vector<float> Read(const std::string& name, const Shape& shape) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end() || found->second.dtype != "F32" || found->second.shape != shape) {
      throw Error("genome/weights", weights_name_,
                  "a float32 tensor '" + name + "' of shape " + ToString(shape),
                  found == tensors_.end()
                      ? "no such tensor"
                      : found->second.dtype + " " + ToString(found->second.shape),
                  "use the weights and the genome of one run");
    }
    return found->second.Floats();
  }

  const Genome& genome_;
  const std::map<std::string, NamedTensor>& tensors_;
  const std::string& weights_name_;
  std::map<std::string, LayerSpec> layers_;
  Graph graph_;
};

}  // namespace

Graph BuildGraph(const Genome& genome, const std::map<std::string, NamedTensor>& tensors,
                 const std::string& weights_name) {
  return GraphBuilder(genome, tensors, weights_name).Build();
}

}  // namespace tinyformer
