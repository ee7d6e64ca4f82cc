#include "search/build_graph.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "compiler/ops/op_def.h"
#include "search/network.h"

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

// The parts as exporters write them.
class GraphBuilder : public NetworkWriter {
 public:
  GraphBuilder(const Genome& genome, const std::map<std::string, NamedTensor>& tensors,
               const std::string& weights_name)
      : genome_(genome),
        tensors_(tensors),
        weights_name_(weights_name),
        layers_(LayersByName(genome)) {}

  Graph Build() {
    graph_.name = genome_.name;
    const ValueId logits = WriteNetwork(genome_, layers_, *this);
    graph_.value(logits).name = "logits";
    graph_.outputs = {logits};
    Graph result = Compact(graph_);
    Verify(result, "BuildGraph");
    return result;
  }

  ValueId Image() override {
    const ValueId image = graph_.AddValue({"image",
                                           DType::kFloat32,
                                           {1, genome_.channels, genome_.height, genome_.width},
                                           std::nullopt,
                                           std::nullopt});
    graph_.inputs = {image};
    return image;
  }

  ValueId Conv(const LayerSpec& layer, ActivationKind activation, ValueId x) override {
    return Activate(layer.name, activation, ConvBn(layer, x));
  }

  ValueId MaxPool(const std::string& name, ValueId x) override {
    const std::vector<int64_t> two{2, 2};
    return Append(name, "MaxPool", {x}, {{"kernel_shape", two}, {"strides", two}});
  }

  ValueId Add(const std::string& name, ValueId a, ValueId b) override {
    return Append(name, "Add", {a, b});
  }

  // Shapes  [1, c, h, w] -> [1, h * w, c]
  ValueId ToTokens(const std::string& name, ValueId map) override {
    const Shape shape = graph_.value(map).shape;
    const ValueId flat = Reshape(name + ".tokens", map, {1, shape[1], shape[2] * shape[3]});
    return Transpose(name + ".tokens.transpose", flat, {0, 2, 1});
  }

  ValueId ToMap(const std::string& name, ValueId tokens, ValueId like) override {
    const Shape shape = graph_.value(like).shape;
    return Reshape(name, Transpose(name + ".transpose", tokens, {0, 2, 1}), shape);
  }

  ValueId LayerNorm(const LayerSpec& layer, ValueId tokens) override {
    return Append(layer.name, "LayerNormalization",
                  {tokens, Parameter(layer.name + ".weight", {layer.out}),
                   Parameter(layer.name + ".bias", {layer.out})},
                  {{"axis", int64_t{-1}}, {"epsilon", kNormEpsilon}});
  }

  ValueId TokenLinear(const LayerSpec& layer, ActivationKind activation, ValueId tokens) override {
    return Activate(layer.name, activation, MatMulAdd(layer, tokens, 1));
  }

  // Shapes  tokens [1, T, d] -> [1, T, d]
  ValueId Attention(const std::string& name, int heads, ValueId tokens) override {
    const int64_t count = graph_.value(tokens).shape[1], dim = graph_.value(tokens).shape[2];
    const int64_t width = dim / heads;
    const Shape split{1, count, heads, width};
    auto head = [&](const std::string& part, std::vector<int64_t> order, float factor) {
      const std::string at = name + part;
      const ValueId product = MatMulAdd(layers_.at(at), tokens, factor);
      return Transpose(at + ".heads", Reshape(at + ".split", product, split), std::move(order));
    };
    const auto factor = static_cast<float>(1.0 / std::sqrt(static_cast<double>(width)));
    ValueId q = head(".q", {0, 2, 1, 3}, factor);
    ValueId k = head(".k", {0, 2, 3, 1}, 1);
    ValueId v = head(".v", {0, 2, 1, 3}, 1);
    ValueId scores = Append(name + ".scores", "MatMul", {q, k});
    ValueId weights = Append(name + ".softmax", "Softmax", {scores}, {{"axis", int64_t{-1}}});
    ValueId mixed = Append(name + ".attention", "MatMul", {weights, v});
    mixed = Transpose(name + ".merge.transpose", mixed, {0, 2, 1, 3});
    return Reshape(name + ".merge", mixed, {1, count, dim});
  }

  // Shapes  map [1, c, h, w] -> [1, features]
  ValueId Pool(const std::string& kind, ValueId map) override {
    const int64_t channels = graph_.value(map).shape[1];
    if (kind == "average") {
      const std::vector<int64_t> two{2, 2};
      map = Append("pool", "AveragePool", {map}, {{"kernel_shape", two}, {"strides", two}});
      return Append("pool.flatten", "Flatten", {map}, {{"axis", int64_t{1}}});
    }
    if (kind == "global") {
      map = Append("pool", "GlobalAveragePool", {map});
      return Append("pool.flatten", "Flatten", {map}, {{"axis", int64_t{1}}});
    }
    // SeqPool.
    // Source  CCT (arXiv 2104.05704), section 3.3
    ValueId tokens = ToTokens("pool", map);
    ValueId scores =
        Transpose("pool.transpose", MatMulAdd(layers_.at("pool.score"), tokens, 1), {0, 2, 1});
    ValueId weights = Append("pool.softmax", "Softmax", {scores}, {{"axis", int64_t{-1}}});
    return Reshape("pool.flatten", Append("pool", "MatMul", {weights, tokens}), {1, channels});
  }

  ValueId Linear(const LayerSpec& layer, ActivationKind activation, ValueId x) override {
    const ValueId y = Append(layer.name, "Gemm",
                             {x, Parameter(layer.name + ".weight", {layer.out, layer.in}),
                              Parameter(layer.name + ".bias", {layer.out})},
                             {{"transB", int64_t{1}}});
    return Activate(layer.name, activation, y);
  }

 private:
  ValueId ConvBn(const LayerSpec& layer, ValueId x) {
    const std::string& name = layer.name;
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
  ValueId MatMulAdd(const LayerSpec& layer, ValueId x, float factor) {
    const std::string& name = layer.name;
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

  ValueId Activate(const std::string& name, ActivationKind kind, ValueId x) {
    if (kind == ActivationKind::kNone) return x;
    if (kind == ActivationKind::kRelu) return Append(name + ".relu", "Relu", {x});
    return Append(name + ".relu6", "Clip",
                  {x, graph_.AddConstant(name + ".relu6.min", {}, {0.0F}),
                   graph_.AddConstant(name + ".relu6.max", {}, {6.0F})});
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
  const std::map<std::string, LayerSpec> layers_;
  Graph graph_;
};

}  // namespace

Graph BuildGraph(const Genome& genome, const std::map<std::string, NamedTensor>& tensors,
                 const std::string& weights_name) {
  return GraphBuilder(genome, tensors, weights_name).Build();
}

}  // namespace tinyformer
