// For tests: networks at ONNX level built layer by layer, with random weights.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.h"
#include "compiler/ops/op_def.h"

namespace tinyformer {

/// Appends layers to a graph; every method takes and returns value ids. Names count up, so a
/// network prints the same each time.
class NetworkBuilder {
 public:
  NetworkBuilder(uint64_t seed, Shape input) : rng_(seed, "network") {
    graph.name = "network";
    x = graph.AddValue({"image", DType::kFloat32, std::move(input), std::nullopt, std::nullopt});
    graph.inputs = {x};
  }

  /// Finishes: `x` is the output.
  Graph Build() {
    graph.outputs = {x};
    Graph result = Compact(graph);
    Verify(result, "NetworkBuilder");
    return result;
  }

  ValueId Node1(const std::string& op, std::vector<ValueId> operands,
                std::map<std::string, Attribute> attributes = {}) {
    Node node{Name(op), op, std::move(operands), {}, std::move(attributes)};
    Shape shape = InferShapes({graph, node, kGraphOpset}).at(0);
    return graph.AddNode(std::move(node), shape);
  }

  ValueId Random(const std::string& name, Shape shape, double low, double high) {
    std::vector<float> values(static_cast<size_t>(ElementCount(shape)));
    for (float& v : values) v = static_cast<float>(rng_.Uniform(low, high));
    return graph.AddConstant(graph.UniqueValueName(name), std::move(shape), values);
  }

  // Weights uniform with the variance that keeps activations near 1.
  ValueId Weights(const std::string& name, Shape shape, int64_t fan_in) {
    const double bound = std::sqrt(3.0 / static_cast<double>(fan_in));
    return Random(name, std::move(shape), -bound, bound);
  }

  ValueId Conv(ValueId in, int64_t out_channels, int64_t kernel, int64_t stride = 1,
               int64_t group = 1) {
    const int64_t channels = graph.value(in).shape[1], pad = kernel / 2;
    const std::string name = Name("conv");
    ValueId w = Weights(name + ".weight", {out_channels, channels / group, kernel, kernel},
                        channels / group * kernel * kernel);
    ValueId b = Random(name + ".bias", {out_channels}, -0.5, 0.5);
    return Node1("Conv", {in, w, b},
                 {{"strides", std::vector<int64_t>{stride, stride}},
                  {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                  {"group", group}});
  }

  ValueId BatchNorm(ValueId in) {
    const int64_t c = graph.value(in).shape[1];
    const std::string name = Name("bn");
    return Node1(
        "BatchNormalization",
        {in, Random(name + ".weight", {c}, 0.5, 1.5), Random(name + ".bias", {c}, -0.3, 0.3),
         Random(name + ".mean", {c}, -0.3, 0.3), Random(name + ".var", {c}, 0.5, 1.5)});
  }

  ValueId ConvBnRelu(ValueId in, int64_t out, int64_t kernel, int64_t stride = 1,
                     int64_t group = 1) {
    return Node1("Relu", {BatchNorm(Conv(in, out, kernel, stride, group))});
  }

  /// x + project(depthwise(expand(x))).
  ValueId InvertedResidual(ValueId in, int64_t expansion) {
    const int64_t c = graph.value(in).shape[1];
    ValueId e = ConvBnRelu(in, c * expansion, 1);
    ValueId d = ConvBnRelu(e, c * expansion, 3, 1, c * expansion);
    return Node1("Add", {in, BatchNorm(Conv(d, c, 1))});
  }

  ValueId MaxPool(ValueId in) {
    return Node1(
        "MaxPool", {in},
        {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
  }

  ValueId Reshape(ValueId in, const Shape& shape) {
    ValueId target =
        graph.AddTypedConstant<int64_t>(graph.UniqueValueName(Name("shape")), DType::kInt64,
                                        {static_cast<int64_t>(shape.size())}, shape);
    return Node1("Reshape", {in, target});
  }
  ValueId Transpose(ValueId in, std::vector<int64_t> perm) {
    return Node1("Transpose", {in}, {{"perm", perm}});
  }

  /// [1,C,H,W] -> [1,HW,C] and back.
  ValueId ToTokens(ValueId in) {
    const Shape s = graph.value(in).shape;
    return Transpose(Reshape(in, {1, s[1], s[2] * s[3]}), {0, 2, 1});
  }
  ValueId ToMap(ValueId in, int64_t height, int64_t width) {
    const Shape s = graph.value(in).shape;
    return Reshape(Transpose(in, {0, 2, 1}), {1, s[2], height, width});
  }

  ValueId LayerNorm(ValueId in) {
    const int64_t c = graph.value(in).shape.back();
    const std::string name = Name("ln");
    return Node1(
        "LayerNormalization",
        {in, Random(name + ".weight", {c}, 0.5, 1.5), Random(name + ".bias", {c}, -0.3, 0.3)},
        {{"axis", int64_t{-1}}, {"epsilon", 1e-5}});
  }

  ValueId Dense(ValueId in, int64_t out) {
    const int64_t k = graph.value(in).shape.back();
    const std::string name = Name("dense");
    ValueId product = Node1("MatMul", {in, Weights(name + ".weight", {k, out}, k)});
    return Node1("Add", {product, Random(name + ".bias", {out}, -0.3, 0.3)});
  }

  ValueId Attention(ValueId in, int64_t heads, bool scaled) {
    const Shape s = graph.value(in).shape;
    const int64_t t = s[1], d = s[2], dh = d / heads;
    ValueId q = Transpose(Reshape(Dense(in, d), {1, t, heads, dh}), {0, 2, 1, 3});
    ValueId k = Transpose(Reshape(Dense(in, d), {1, t, heads, dh}), {0, 2, 3, 1});
    ValueId v = Transpose(Reshape(Dense(in, d), {1, t, heads, dh}), {0, 2, 1, 3});
    ValueId scores = Node1("MatMul", {q, k});
    if (scaled) {
      ValueId factor = graph.AddConstant(graph.UniqueValueName("scale"), {},
                                         {1.0f / std::sqrt(static_cast<float>(dh))});
      scores = Node1("Mul", {scores, factor});
    }
    ValueId joined = Node1("MatMul", {Node1("Softmax", {scores}, {{"axis", int64_t{-1}}}), v});
    return Dense(Reshape(Transpose(joined, {0, 2, 1, 3}), {1, t, d}), d);
  }

  ValueId Encoder(ValueId in, int64_t heads, int64_t ratio, bool scaled = false) {
    const int64_t d = graph.value(in).shape.back();
    ValueId a = Node1("Add", {in, Attention(LayerNorm(in), heads, scaled)});
    ValueId m = Dense(Node1("Relu", {Dense(LayerNorm(a), d * ratio)}), d);
    return Node1("Add", {a, m});
  }

  ValueId SeqPool(ValueId in) {
    ValueId weights =
        Node1("Softmax", {Transpose(Dense(in, 1), {0, 2, 1})}, {{"axis", int64_t{-1}}});
    return Reshape(Node1("MatMul", {weights, in}), {1, graph.value(in).shape[2]});
  }

  ValueId Gemm(ValueId in, int64_t out) {
    const int64_t k = graph.value(in).shape[1];
    const std::string name = Name("gemm");
    return Node1(
        "Gemm",
        {in, Weights(name + ".weight", {out, k}, k), Random(name + ".bias", {out}, -0.3, 0.3)},
        {{"transB", int64_t{1}}});
  }

  Graph graph;
  ValueId x = kNoValue;

 private:
  std::string Name(const std::string& kind) { return kind + std::to_string(++count_); }

  Rng rng_;
  int count_ = 0;
};

/// Everything that TinyFormer networks are made of, small: convolution, inverted residual,
/// transformer with an outer residual, sequence pooling, classifier.
inline Graph SmallTinyFormer(uint64_t seed) {
  NetworkBuilder b(seed, {1, 3, 8, 8});
  b.x = b.MaxPool(b.ConvBnRelu(b.x, 8, 3));
  b.x = b.InvertedResidual(b.x, 2);
  ValueId map = b.ConvBnRelu(b.ConvBnRelu(b.x, 8, 3), 8, 1);
  ValueId tokens = b.Encoder(b.ToTokens(map), 2, 2, seed % 2 == 1);
  map = b.ConvBnRelu(b.BatchNorm(b.Conv(b.ToMap(tokens, 4, 4), 8, 1)), 8, 3);
  b.x = b.Node1("Add", {b.x, map});
  b.x = b.Gemm(b.Node1("Relu", {b.Gemm(b.SeqPool(b.ToTokens(b.x)), 12)}), 10);
  return b.Build();
}

/// Reference point A's layers (SPEC section 2) with random weights: 1.488 M weights, 122.2 M
/// multiply-accumulates.
inline Graph ReferencePointAShapes(uint64_t seed) {
  NetworkBuilder b(seed, {1, 3, 32, 32});
  auto dot = [&b](int64_t dim, int64_t expansion, int64_t size) {
    b.x = b.InvertedResidual(b.MaxPool(b.ConvBnRelu(b.x, dim, 3)), expansion);
    ValueId tokens = b.ToTokens(b.ConvBnRelu(b.ConvBnRelu(b.x, dim, 3), dim, 1));
    ValueId map = b.ToMap(b.Encoder(tokens, 4, 2), size, size);
    b.x = b.BatchNorm(b.Conv(b.ConvBnRelu(map, dim, 1), dim, 3));
  };
  dot(44, 4, 16);
  dot(192, 2, 8);
  b.x = b.Gemm(b.Node1("Relu", {b.Gemm(b.SeqPool(b.ToTokens(b.x)), 768)}), 10);
  return b.Build();
}

inline std::vector<float> RandomInput(const Graph& g, uint64_t seed) {
  Rng rng(seed, "input");
  std::vector<float> values(static_cast<size_t>(ElementCount(g.value(g.inputs[0]).shape)));
  for (float& v : values) v = static_cast<float>(rng.Uniform(-2, 2));
  return values;
}

/// The number of nodes of each operator: "Conv 2, Relu 1".
inline std::string CountOps(const Graph& g) {
  std::map<std::string, int> counts;
  for (const Node& node : g.nodes) ++counts[node.op];
  std::string text;
  for (const auto& [op, count] : counts)
    text += (text.empty() ? "" : ", ") + op + " " + std::to_string(count);
  return text;
}

}  // namespace tinyformer
