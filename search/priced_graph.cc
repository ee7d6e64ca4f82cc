#include "search/priced_graph.h"

#include <utility>
#include <vector>

#include "search/network.h"

namespace tinyformer {
namespace {

// The parts as the compiler's kernels compute them.
class PricedGraphBuilder : public NetworkWriter {
 public:
  PricedGraphBuilder(const Genome& genome, const std::map<std::string, LayerSpec>& layers)
      : genome_(genome), layers_(layers) {}

  Graph Build() {
    graph_.name = genome_.name;
    graph_.outputs = {WriteNetwork(genome_, layers_, *this)};
    return std::move(graph_);
  }

  ValueId Image() override {
    graph_.inputs = {Activation("image", {1, genome_.height, genome_.width, genome_.channels})};
    return graph_.inputs[0];
  }

  ValueId Conv(const LayerSpec& layer, ActivationKind, ValueId x) override {
    const Shape& map = ShapeOf(x);
    if (layer.kernel == 1 && layer.stride == 1) {
      return Weighted(layer, "linear", {layer.out, layer.in}, x, {1, map[1], map[2], layer.out},
                      {});
    }
    const int64_t kernel = layer.kernel, stride = layer.stride, pad = kernel / 2;
    const bool depthwise = layer.kind == LayerSpec::Kind::kDepthwise;
    const auto side = [&](int64_t in) { return (in + 2 * pad - kernel) / stride + 1; };
    return Weighted(
        layer, depthwise ? "depthwise_conv2d" : "conv2d",
        depthwise ? Shape{layer.out, kernel, kernel} : Shape{layer.out, kernel, kernel, layer.in},
        x, {1, side(map[1]), side(map[2]), layer.out},
        {{"strides", std::vector<int64_t>{stride, stride}},
         {"pads", std::vector<int64_t>{pad, pad, pad, pad}}});
  }

  ValueId MaxPool(const std::string& name, ValueId x) override {
    return Halved(name, "max_pool2d", x);
  }

  ValueId Add(const std::string& name, ValueId a, ValueId b) override {
    return Append(name, "add", {a, b}, ShapeOf(a));
  }

  ValueId ToTokens(const std::string& name, ValueId map) override {
    const Shape shape = ShapeOf(map);
    return Reshape(name + ".tokens", map, {1, shape[1] * shape[2], shape[3]});
  }

  ValueId ToMap(const std::string& name, ValueId tokens, ValueId like) override {
    return Reshape(name, tokens, ShapeOf(like));
  }

  ValueId LayerNorm(const LayerSpec& layer, ValueId tokens) override {
    return Append(layer.name, "layernorm",
                  {tokens, Constant(layer.name + ".gamma", DType::kInt16, {layer.out}),
                   Constant(layer.name + ".beta", DType::kInt32, {layer.out})},
                  ShapeOf(tokens));
  }

  ValueId TokenLinear(const LayerSpec& layer, ActivationKind, ValueId tokens) override {
    return Weighted(layer, "linear", {layer.out, layer.in}, tokens,
                    {1, ShapeOf(tokens)[1], layer.out}, {});
  }

  ValueId Attention(const std::string& name, int heads, ValueId tokens) override {
    std::vector<ValueId> operands;
    for (const char* part : {".q", ".k", ".v"}) {
      operands.push_back(TokenLinear(layers_.at(name + part), ActivationKind::kNone, tokens));
    }
    operands.push_back(ExponentialTable(name));
    return Append(name + ".attention", "attention", std::move(operands), ShapeOf(tokens),
                  {{"heads", int64_t{heads}}});
  }

  ValueId Pool(const std::string& kind, ValueId map) override {
    const Shape shape = ShapeOf(map);
    if (kind == "seqpool") {
      const ValueId tokens = ToTokens("pool", map);
      const ValueId scores = TokenLinear(layers_.at("pool.score"), ActivationKind::kNone, tokens);
      return Append("pool", "attention_pool", {scores, tokens, ExponentialTable("pool")},
                    {1, shape[3]});
    }
    const ValueId pooled = kind == "average"
                               ? Halved("pool", "average_pool2d", map)
                               : Append("pool", "average_pool2d", {map}, {1, 1, 1, shape[3]},
                                        {{"kernel", std::vector<int64_t>{shape[1], shape[2]}}});
    return Reshape("pool.flatten", pooled, {1, ElementCount(ShapeOf(pooled))});
  }

  ValueId Linear(const LayerSpec& layer, ActivationKind, ValueId x) override {
    return Weighted(layer, "linear", {layer.out, layer.in}, x, {1, layer.out}, {});
  }

 private:
  using Attributes = std::map<std::string, Attribute>;

  const Shape& ShapeOf(ValueId id) const { return graph_.value(id).shape; }

  ValueId Activation(const std::string& name, Shape shape) {
    return graph_.AddValue(
        {name, DType::kInt8, std::move(shape), Quantization::PerTensor(1, 0), std::nullopt});
  }

  ValueId Constant(const std::string& name, DType type, Shape shape) {
    return graph_.AddValue({name, type, std::move(shape), std::nullopt, std::string()});
  }

  ValueId ExponentialTable(const std::string& name) {
    return Constant(name + ".exp", DType::kInt16, {256});
  }

  ValueId Append(const std::string& name, const std::string& op, std::vector<ValueId> operands,
                 Shape shape, Attributes attributes = {}) {
    const ValueId output = Activation(name + ".y", std::move(shape));
    graph_.nodes.push_back({name, op, std::move(operands), {output}, std::move(attributes)});
    return output;
  }

  ValueId Weighted(const LayerSpec& layer, const std::string& op, Shape weight, ValueId x,
                   Shape shape, Attributes attributes) {
    const std::string& name = layer.name;
    return Append(name, op,
                  {x, Constant(name + ".weight", DType::kInt8, std::move(weight)),
                   Constant(name + ".bias", DType::kInt32, {layer.out}),
                   Constant(name + ".multiplier", DType::kInt32, {layer.out})},
                  std::move(shape), std::move(attributes));
  }

  ValueId Reshape(const std::string& name, ValueId x, const Shape& shape) {
    return Append(name, "reshape", {x}, shape, {{"shape", shape}});
  }

  ValueId Halved(const std::string& name, const std::string& op, ValueId x) {
    const Shape map = ShapeOf(x);
    const std::vector<int64_t> two{2, 2};
    return Append(name, op, {x}, {1, map[1] / 2, map[2] / 2, map[3]},
                  {{"kernel", two}, {"strides", two}});
  }

  const Genome& genome_;
  const std::map<std::string, LayerSpec>& layers_;
  Graph graph_;
};

}  // namespace

Graph BuildPricedGraph(const Genome& genome, const std::map<std::string, LayerSpec>& layers) {
  return PricedGraphBuilder(genome, layers).Build();
}

}  // namespace tinyformer
