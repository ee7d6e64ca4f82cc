#include "compiler/plan/example_graph.h"

#include <algorithm>
#include <cmath>

namespace tinyformer {
namespace {

constexpr double kSpread = 40;  // standard deviation of activations, in steps

// Q0.31 with shift -1.
// Source  docs/quantization.md, Requantize
int64_t SmallMultiplier(double real) { return std::llround(std::min(real, 0.49) * 4294967296.0); }

}  // namespace

ExampleGraph::ExampleGraph(const std::string& name, uint64_t seed, double sparsity, int block)
    : rng_(seed, "example graph"), sparsity_(sparsity), block_(block) {
  graph_.name = name;
}

ValueId ExampleGraph::Activation(const std::string& name, Shape shape) {
  Value value;
  value.name = name;
  value.type = DType::kInt8;
  value.shape = std::move(shape);
  value.quantization = Quantization::PerTensor(0.05f, static_cast<int32_t>(rng_.Below(21)) - 10);
  return graph_.AddValue(value);
}

ValueId ExampleGraph::Input(Shape shape) {
  const ValueId id = Activation("image", std::move(shape));
  graph_.inputs.push_back(id);
  return id;
}

ValueId ExampleGraph::Weights(const std::string& name, Shape shape, int block) {
  std::vector<int8_t> elements(static_cast<size_t>(ElementCount(shape)));
  for (size_t i = 0; i < elements.size(); i += static_cast<size_t>(block)) {
    const bool zero = rng_.Chance(sparsity_) && shape.back() % block == 0;
    for (size_t j = i; j < std::min(elements.size(), i + static_cast<size_t>(block)); ++j) {
      elements[j] = zero ? int8_t{0} : static_cast<int8_t>(static_cast<int>(rng_.Below(255)) - 127);
    }
  }
  return graph_.AddTypedConstant(name, DType::kInt8, shape, elements);
}

ValueId ExampleGraph::Words(const std::string& name, int64_t count, int64_t low, int64_t high) {
  std::vector<int32_t> words(static_cast<size_t>(count));
  for (int32_t& word : words) {
    word = static_cast<int32_t>(
        low + static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(high - low + 1))));
  }
  return graph_.AddTypedConstant(name, DType::kInt32, {count}, words);
}

// Source  docs/quantization.md, Exponential table
ValueId ExampleGraph::ExpTable(const std::string& name, int64_t row) {
  const double largest = static_cast<double>(std::min<int64_t>(32767, 2147483647 / (255 * row)));
  std::vector<int16_t> table(256);
  for (size_t d = 0; d < 256; ++d) {
    table[d] =
        static_cast<int16_t>(std::floor(largest * std::exp(-0.05 * static_cast<double>(d)) + 0.5));
  }
  return graph_.AddTypedConstant(name, DType::kInt16, {256}, table);
}

ValueId ExampleGraph::Append(const std::string& name, const std::string& op,
                             std::vector<ValueId> inputs, Shape out,
                             std::map<std::string, Attribute> attributes) {
  Node node;
  node.name = name;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  if (op != "reshape" && op != "max_pool2d" && op != "transpose") {
    node.attributes.emplace("min", int64_t{-128});
    node.attributes.emplace("max", int64_t{127});
  }
  const ValueId output = Activation(name + ".y", std::move(out));
  node.outputs = {output};
  const bool keeps_scale = op == "reshape" || op == "max_pool2d" || op == "transpose";
  if (keeps_scale) {
    graph_.value(output).quantization = graph_.value(node.inputs[0]).quantization;
  }
  graph_.nodes.push_back(node);
  return output;
}

ValueId ExampleGraph::Weighted(const std::string& name, const std::string& op, ValueId x,
                               Shape weight, Shape out, int block,
                               std::map<std::string, Attribute> attributes) {
  const int64_t channels = weight[0];
  const auto taps = static_cast<double>(ElementCount(weight)) / static_cast<double>(channels);
  const double real = kSpread / (kSpread * 70 * std::sqrt(taps * (1.0001 - sparsity_)));
  const int64_t multiplier = SmallMultiplier(real);
  attributes["shift"] = int64_t{-1};
  const std::vector<ValueId> inputs = {
      x, Weights(name + ".weight", weight, block), Words(name + ".bias", channels, -2000, 2000),
      Words(name + ".multiplier", channels, multiplier / 2, multiplier)};
  return Append(name, op, inputs, std::move(out), std::move(attributes));
}

ValueId ExampleGraph::Conv2d(const std::string& name, ValueId x, int64_t out, int64_t stride,
                             int64_t min, int64_t window) {
  const Shape in = graph_.value(x).shape;
  const int64_t pad = window / 2;
  return Weighted(name, "conv2d", x, {out, window, window, in[3]},
                  {1, (in[1] - 1) / stride + 1, (in[2] - 1) / stride + 1, out}, block_,
                  {{"strides", std::vector<int64_t>{stride, stride}},
                   {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                   {"min", min}});
}

ValueId ExampleGraph::Depthwise(const std::string& name, ValueId x, int64_t stride,
                                int64_t window) {
  const Shape in = graph_.value(x).shape;
  const int64_t pad = window / 2;
  return Weighted(name, "depthwise_conv2d", x, {in[3], window, window},
                  {1, (in[1] - 1) / stride + 1, (in[2] - 1) / stride + 1, in[3]}, 3,
                  {{"strides", std::vector<int64_t>{stride, stride}},
                   {"pads", std::vector<int64_t>{pad, pad, pad, pad}}});
}

ValueId ExampleGraph::Linear(const std::string& name, ValueId x, int64_t out) {
  Shape shape = graph_.value(x).shape;
  const int64_t in = shape.back();
  shape.back() = out;
  return Weighted(name, "linear", x, {out, in}, shape, block_, {});
}

ValueId ExampleGraph::Add(const std::string& name, ValueId a, ValueId b) {
  return Append(name, "add", {a, b}, graph_.value(a).shape,
                {{"a_multiplier", int64_t{1400000}},
                 {"b_multiplier", int64_t{1300000}},
                 {"shift", int64_t{21}}});
}

ValueId ExampleGraph::Layernorm(const std::string& name, ValueId x) {
  const Shape shape = graph_.value(x).shape;
  const int64_t channels = shape.back();
  int64_t bits = 14;
  while (std::ldexp(std::sqrt(static_cast<double>(channels - 1)), static_cast<int>(bits)) >=
         32766) {
    --bits;
  }
  std::vector<int16_t> gamma(static_cast<size_t>(channels));
  for (int16_t& g : gamma) g = static_cast<int16_t>(16384 + rng_.Below(16384));
  const ValueId gamma_id =
      graph_.AddTypedConstant(name + ".gamma", DType::kInt16, {channels}, gamma);
  const ValueId beta_id = Words(name + ".beta", channels, -(int64_t{1} << 24), int64_t{1} << 24);
  // shift -17: Q0.48
  const double real = kSpread / std::ldexp(24000, static_cast<int>(bits));
  return Append(name, "layernorm", {x, gamma_id, beta_id}, shape,
                {{"epsilon_q", int64_t{40}},
                 {"norm_bits", bits},
                 {"multiplier", int64_t{std::llround(std::ldexp(real, 48))}},
                 {"shift", int64_t{-17}}});
}

ValueId ExampleGraph::Attention(const std::string& name, ValueId q, ValueId k, ValueId v,
                                int64_t heads) {
  const Shape shape = graph_.value(q).shape;
  const auto head_width = static_cast<double>(shape[2]) / static_cast<double>(heads);
  return Append(
      name, "attention", {q, k, v, ExpTable(name + ".exp", shape[1])}, shape,
      {{"heads", heads},
       {"score_multiplier", SmallMultiplier(30 / (kSpread * kSpread * std::sqrt(head_width)))},
       {"score_shift", int64_t{-1}},
       {"score_zero_point", int64_t{3}},
       {"multiplier", int64_t{1900000000}},
       {"shift", int64_t{0}}});
}

ValueId ExampleGraph::AttentionPool(const std::string& name, ValueId logits, ValueId x) {
  const Shape shape = graph_.value(x).shape;
  return Append(name, "attention_pool", {logits, x, ExpTable(name + ".exp", shape[1])},
                {1, shape[2]}, {{"multiplier", int64_t{1500000000}}, {"shift", int64_t{1}}});
}

ValueId ExampleGraph::Pool(const std::string& name, const std::string& op, ValueId x,
                           int64_t window, int64_t stride,
                           std::map<std::string, Attribute> attributes) {
  const Shape in = graph_.value(x).shape;
  attributes["kernel"] = std::vector<int64_t>{window, window};
  attributes["strides"] = std::vector<int64_t>{stride, stride};
  attributes["pads"] = std::vector<int64_t>{0, 0, 0, 0};
  return Append(name, op, {x},
                {1, (in[1] - window) / stride + 1, (in[2] - window) / stride + 1, in[3]},
                std::move(attributes));
}

ValueId ExampleGraph::MaxPool(const std::string& name, ValueId x, int64_t window, int64_t stride) {
  return Pool(name, "max_pool2d", x, window, stride, {});
}

ValueId ExampleGraph::AveragePool(const std::string& name, ValueId x, int64_t window,
                                  int64_t stride) {
  return Pool(name, "average_pool2d", x, window, stride,
              {{"multiplier", SmallMultiplier(0.3)}, {"shift", int64_t{-1}}});
}

ValueId ExampleGraph::Reshape(const std::string& name, ValueId x, Shape shape) {
  const std::vector<int64_t> dims(shape.begin(), shape.end());
  const ValueId target = graph_.AddTypedConstant(name + ".shape", DType::kInt64,
                                                 {static_cast<int64_t>(dims.size())}, dims);
  return Append(name, "reshape", {x, target}, std::move(shape), {});
}

ValueId ExampleGraph::Requantize(const std::string& name, ValueId x) {
  return Append(name, "requantize", {x}, graph_.value(x).shape,
                {{"multiplier", SmallMultiplier(0.4)}, {"shift", int64_t{-1}}});
}

ValueId ExampleGraph::Softmax(const std::string& name, ValueId x) {
  const Shape shape = graph_.value(x).shape;
  return Append(name, "softmax", {x, ExpTable(name + ".exp", shape.back())}, shape,
                {{"multiplier", int64_t{1} << 30}, {"shift", int64_t{8}}});
}

ValueId ExampleGraph::Transpose(const std::string& name, ValueId x, std::vector<int64_t> perm) {
  const Shape in = graph_.value(x).shape;
  Shape out;
  for (int64_t axis : perm) out.push_back(in.at(static_cast<size_t>(axis)));
  return Append(name, "transpose", {x}, out, {{"perm", perm}});
}

Graph ExampleGraph::Finish(ValueId output) {
  graph_.outputs = {output};
  return graph_;
}

namespace {

ValueId InvertedResidual(ExampleGraph& g, const std::string& name, ValueId x, int64_t channels,
                         int64_t expansion) {
  const ValueId expand = g.Linear(name + ".expand", x, channels * expansion);
  const ValueId depthwise = g.Depthwise(name + ".depthwise", expand);
  return g.Add(name + ".add", x, g.Linear(name + ".project", depthwise, channels));
}

ValueId Encoder(ExampleGraph& g, const std::string& name, ValueId x, int64_t channels,
                int64_t heads, int64_t ratio) {
  const ValueId norm = g.Layernorm(name + ".ln1", x);
  const ValueId q = g.Linear(name + ".q", norm, channels);
  const ValueId k = g.Linear(name + ".k", norm, channels);
  const ValueId v = g.Linear(name + ".v", norm, channels);
  const ValueId mixed = g.Attention(name + ".attention", q, k, v, heads);
  const ValueId attended = g.Add(name + ".add1", x, g.Linear(name + ".out", mixed, channels));
  const ValueId hidden =
      g.Linear(name + ".mlp1", g.Layernorm(name + ".ln2", attended), channels * ratio);
  return g.Add(name + ".add2", attended, g.Linear(name + ".mlp2", hidden, channels));
}

ValueId DotBlock(ExampleGraph& g, const std::string& name, ValueId x, int64_t size,
                 int64_t channels, int64_t expansion, int64_t heads) {
  const ValueId down = g.MaxPool(name + ".pool", g.Conv2d(name + ".down", x, channels, 1));
  const ValueId residual = InvertedResidual(g, name + ".mb1", down, channels, expansion);
  const ValueId conv_in = g.Conv2d(name + ".tr1.conv_in", residual, channels, 1);
  const ValueId proj_in = g.Linear(name + ".tr1.proj_in", conv_in, channels);
  const ValueId tokens = g.Reshape(name + ".tr1.tokens", proj_in, {1, size * size, channels});
  const ValueId encoded = Encoder(g, name + ".tr1", tokens, channels, heads, 2);
  const ValueId image = g.Reshape(name + ".tr1.image", encoded, {1, size, size, channels});
  const ValueId proj_out = g.Linear(name + ".tr1.proj_out", image, channels);
  return g.Conv2d(name + ".tr1.conv_out", proj_out, channels, 1);
}

ValueId Head(ExampleGraph& g, ValueId x, int64_t tokens, int64_t channels, int64_t last) {
  const ValueId flat = g.Reshape("tokens", x, {1, tokens, channels});
  const ValueId pooled = g.AttentionPool("pool", g.Linear("pool.score", flat, 1), flat);
  return g.Linear("head", g.Linear("last", pooled, last), 10);
}

}  // namespace

Graph TinyTransformer(uint64_t seed, double sparsity) {
  ExampleGraph g("tiny", seed, sparsity);
  const ValueId image = g.Input({1, 8, 8, 3});
  const ValueId conv = DotBlock(g, "dot1", image, 4, 8, 2, 2);
  return g.Finish(Head(g, conv, 16, 8, 24));
}

Graph ReferenceShapes(uint64_t seed, double sparsity) {
  ExampleGraph g("reference", seed, sparsity);
  const ValueId image = g.Input({1, 32, 32, 3});
  const ValueId first = DotBlock(g, "dot1", image, 16, 44, 4, 4);
  const ValueId second = DotBlock(g, "dot2", first, 8, 192, 2, 4);
  return g.Finish(Head(g, second, 64, 192, 768));
}

}  // namespace tinyformer
