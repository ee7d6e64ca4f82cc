// One function an operator: real parameters in, the integers of docs/quantization.md out.
#include "compiler/quantize/quantize_layer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/check.h"
#include "base/error.h"
#include "compiler/ops/activation_range.h"
#include "compiler/quantize/fixed_point.h"
#include "compiler/quantize/quantize_weights.h"

namespace tinyformer {
namespace {

class LayerQuantizer {
 public:
  LayerQuantizer(Graph* graph, size_t n, const QuantizeOptions& options)
      : g_(*graph), n_(n), node_(graph->nodes[n]), options_(options) {}

  void Run();

 private:
  double Scale(ValueId id) const {
    return static_cast<double>(g_.value(id).quantization->scales.at(0));
  }
  int32_t ZeroPoint(ValueId id) const { return g_.value(id).quantization->zero_point; }
  double OutScale() const { return Scale(node_.outputs[0]); }

  [[noreturn]] void Fail(const std::string& code, const std::string& expected,
                         const std::string& found, const std::string& fix) const {
    throw Error(code, "node '" + node_.name + "' (" + node_.op + ")", expected, found, fix);
  }
  [[noreturn]] void FailRange(const std::string& what, double value) const {
    Fail("quantize/range", what + " within 32-bit arithmetic", std::to_string(value),
         "calibrate again: the scales of this layer's tensors are too far apart");
  }

  void RequireAtMost(int64_t most, const std::string& what, int64_t found) const {
    if (found <= most) return;
    Fail("quantize/range",
         "at most " + std::to_string(most) + " " + what + ", so that a sum stays within 32 bits",
         std::to_string(found), "make the layer's input smaller, for example by pooling before it");
  }
  // An accumulator times its multiplier, with a zero point, is an int32.
  void CheckOutput(const std::string& what, double largest, double real) const {
    if (real >= 0.5 && largest * real >= std::ldexp(1.0, 31) - 128) FailRange(what, largest * real);
  }

  template <typename T>
  ValueId Constant(const std::string& suffix, DType type, const std::vector<T>& elements) {
    return g_.AddTypedConstant(g_.UniqueValueName(node_.name + "." + suffix), type,
                               {static_cast<int64_t>(elements.size())}, elements);
  }
  void SetInt(const std::string& key, int64_t value) { node_.attributes[key] = value; }

  // min and max from act_min and act_max.
  void SetClamp();
  // multiplier and shift of one real number, the shift within [low, high].
  void SetMultiplier(const FixedPoint& fixed, int32_t low, int32_t high);
  void CheckReal(double real) const {
    if (!(real < std::ldexp(1.0, 22))) FailRange("a multiplier", real);
  }

  void Weighted();
  void Add();
  void Requantize();
  void Layernorm();
  void Attention();
  void AttentionPool();
  void Softmax();
  void AveragePool();
  void KeepScale() {}

  Graph& g_;
  size_t n_;
  Node node_;
  QuantizeOptions options_;
};

void LayerQuantizer::SetClamp() {
  const ActivationRange range = ReadActivation(node_);
  const double scale = OutScale();
  const int32_t zero = ZeroPoint(node_.outputs[0]);
  auto bound = [&](double real) {
    return static_cast<int64_t>(std::clamp(RoundHalfUp(real / scale) + zero, -128.0, 127.0));
  };
  SetInt("min", std::isinf(range.min) ? -128 : bound(range.min));
  SetInt("max", std::isinf(range.max) ? 127 : bound(range.max));
  node_.attributes.erase("act_min");
  node_.attributes.erase("act_max");
}

void LayerQuantizer::SetMultiplier(const FixedPoint& fixed, int32_t low, int32_t high) {
  if (fixed.shift < low || fixed.shift > high) FailRange("a shift", fixed.shift);
  SetInt("multiplier", fixed.multiplier.at(0));
  SetInt("shift", fixed.shift);
}

void LayerQuantizer::Weighted() {
  const double in_scale = Scale(node_.inputs[0]);
  const Value weight = g_.value(node_.inputs[1]), bias = g_.value(node_.inputs[2]);
  const auto channels = static_cast<size_t>(weight.shape[0]);
  const size_t taps = static_cast<size_t>(ElementCount(weight.shape)) / channels;
  RequireAtMost(65536, "weights per output", static_cast<int64_t>(taps));
  Int8Weights w;
  if (weight.type == DType::kFloat32) {
    w = QuantizeWeights(weight.Elements<float>(), weight.shape, 0, RealElements(bias), in_scale);
  } else {
    if (weight.type != DType::kInt8 || !weight.quantization ||
        weight.quantization->zero_point != 0 || weight.quantization->axis > 0) {
      Fail("quantize/weights",
           "int8 weights with zero point 0, one scale or one per output channel",
           std::string(DTypeName(weight.type)) + " weights" +
               (weight.quantization
                    ? " with zero point " + std::to_string(weight.quantization->zero_point)
                    : ""),
           "quantize weights symmetrically, per output channel");
    }
    w = {weight.Elements<int8_t>(), weight.quantization->scales};
    // The engine's range: -128 would be the one value without a counterpart.
    for (int8_t& e : w.elements) e = std::max<int8_t>(e, -127);
    if (w.scales.size() == 1) w.scales.assign(channels, w.scales[0]);
  }
  std::vector<int32_t> b;
  if (bias.type == DType::kInt32) {
    const std::vector<int32_t> stored = bias.Elements<int32_t>();
    const auto& scales = bias.quantization->scales;
    for (size_t c = 0; c < channels; ++c) {
      const double own = static_cast<double>(scales[scales.size() == 1 ? 0 : c]);
      const double wanted = in_scale * static_cast<double>(w.scales[c]);
      const bool same = std::abs(own / wanted - 1) < 1e-5;
      constexpr double kLow = std::numeric_limits<int32_t>::min(),
                       kHigh = std::numeric_limits<int32_t>::max();
      const double moved = RoundHalfUp(stored[c] * (own / wanted));
      b.push_back(same ? stored[c] : static_cast<int32_t>(std::clamp(moved, kLow, kHigh)));
    }
  } else {
    b = QuantizeBias(RealElements(bias), static_cast<float>(in_scale), w.scales);
  }
  std::vector<double> reals;
  const int64_t zero = ZeroPoint(node_.inputs[0]);
  for (size_t c = 0; c < channels; ++c) {
    int64_t sum = 0;
    for (size_t i = 0; i < taps; ++i) sum += w.elements[c * taps + i];
    const int64_t folded = b[c] - zero * sum;
    if (std::abs(folded) > int64_t{1} << 30) FailRange("a bias", static_cast<double>(folded));
    b[c] = static_cast<int32_t>(folded);
    const double real = in_scale * static_cast<double>(w.scales[c]) / OutScale();
    // Largest accumulator: |bias| + 128 * 127 per weight.
    const double largest =
        std::abs(static_cast<double>(folded)) + 16256.0 * static_cast<double>(taps);
    CheckOutput("an output", largest, real);
    reals.push_back(real);
  }
  const FixedPoint fixed = ToFixedPoint(reals);
  Value stored{g_.UniqueValueName(weight.name + ".int8"), DType::kInt8, weight.shape,
               PerChannel(w.scales, 0), std::nullopt};
  stored.SetElements(w.elements);
  node_.inputs = {node_.inputs[0], g_.AddValue(std::move(stored)),
                  Constant("bias_q", DType::kInt32, b),
                  Constant("multiplier", DType::kInt32, fixed.multiplier)};
  SetInt("shift", fixed.shift);
  SetClamp();
}

void LayerQuantizer::Add() {
  const double a = Scale(node_.inputs[0]) / OutScale(), b = Scale(node_.inputs[1]) / OutScale();
  int32_t shift = 22;
  auto fits = [&](int32_t s) {
    double sum = RoundHalfUp(std::ldexp(a, s)) + RoundHalfUp(std::ldexp(b, s));
    return 255 * sum + std::ldexp(1.0, s - 1) < std::ldexp(1.0, 30);
  };
  while (shift > 1 && !fits(shift)) --shift;
  if (!fits(shift)) FailRange("a ratio of scales", std::max(a, b));
  SetInt("a_multiplier", static_cast<int64_t>(RoundHalfUp(std::ldexp(a, shift))));
  SetInt("b_multiplier", static_cast<int64_t>(RoundHalfUp(std::ldexp(b, shift))));
  SetInt("shift", shift);
  SetClamp();
}

void LayerQuantizer::Requantize() {
  const double real = Scale(node_.inputs[0]) / OutScale();
  CheckReal(real);
  SetMultiplier(ToFixedPoint({real}), -31, 22);
  SetClamp();
}

void LayerQuantizer::Layernorm() {
  const std::vector<float> gamma = RealElements(g_.value(node_.inputs[1])),
                           beta = RealElements(g_.value(node_.inputs[2]));
  RequireAtMost(32768, "channels", static_cast<int64_t>(gamma.size()));
  const auto channels = static_cast<double>(gamma.size());
  int bits = 14;
  if (options_.layernorm == LayernormBits::kLargest) {
    while (std::ldexp(std::sqrt(channels - 1), bits) >= 32766) --bits;
  } else {
    bits = options_.layernorm == LayernormBits::kPaper ? 7 : 0;
  }
  double largest_gamma = 0, largest_beta = 0;
  for (float x : gamma) largest_gamma = std::max(largest_gamma, std::abs(static_cast<double>(x)));
  for (float x : beta) largest_beta = std::max(largest_beta, std::abs(static_cast<double>(x)));
  double step = std::max(largest_gamma / 32767, std::ldexp(largest_beta, bits - 30));
  if (step == 0) step = 1;
  std::vector<int16_t> gamma_q;
  std::vector<int32_t> beta_q;
  for (float x : gamma)
    gamma_q.push_back(static_cast<int16_t>(RoundHalfUp(static_cast<double>(x) / step)));
  for (float x : beta) {
    beta_q.push_back(
        static_cast<int32_t>(RoundHalfUp(std::ldexp(static_cast<double>(x), bits) / step)));
  }
  const double in_scale = Scale(node_.inputs[0]);
  const double epsilon =
      RoundHalfUp(node_.Float("epsilon", 1e-5) * channels * channels / (in_scale * in_scale));
  if (!(epsilon < std::ldexp(1.0, 62))) FailRange("epsilon", epsilon);
  const double real = std::ldexp(step, -bits) / OutScale();
  CheckReal(real);
  CheckOutput("an output", 32767.0 * 32767 + std::ldexp(1.0, 30), real);
  node_.inputs = {node_.inputs[0], Constant("gamma_q", DType::kInt16, gamma_q),
                  Constant("beta_q", DType::kInt32, beta_q)};
  node_.attributes.erase("epsilon");
  SetInt("epsilon_q", std::max<int64_t>(1, static_cast<int64_t>(epsilon)));
  SetInt("norm_bits", bits);
  SetMultiplier(ToFixedPointWide(real), -17, 22);
  SetClamp();
}

void LayerQuantizer::Attention() {
  if (!node_.Has("score_scale")) {
    Fail("quantize/scores", "a quantization of the attention scores (the operand of Softmax)",
         "none", "give --calibrate DATA, or quantize the scores in the QDQ file");
  }
  const double score_scale = node_.Float("score_scale", 1);
  const double score = Scale(node_.inputs[0]) * Scale(node_.inputs[1]) *
                       std::abs(node_.Float("scale", 1)) / score_scale;
  if (node_.Float("scale", 1) <= 0)
    FailRange("a positive scale of scores", node_.Float("scale", 1));
  CheckReal(score);
  const FixedPoint fixed = ToFixedPoint({score});
  const Shape& shape = g_.value(node_.inputs[0]).shape;
  const int64_t tokens = shape[1], width = shape[2] / node_.Int("heads", 1);
  RequireAtMost(32768, "tokens", tokens);
  RequireAtMost(32768, "channels per head", width);
  CheckOutput("a score", static_cast<double>(width) * 65025, score);
  SetInt("score_multiplier", fixed.multiplier[0]);
  SetInt("score_shift", fixed.shift);
  node_.inputs.resize(3);
  node_.inputs.push_back(Constant("exp", DType::kInt16, ExponentialTable(score_scale, tokens)));
  const double real = Scale(node_.inputs[2]) / OutScale();
  CheckReal(real);
  SetMultiplier(ToFixedPoint({real}), -8, 6);
  SetClamp();
}

void LayerQuantizer::AttentionPool() {
  const int64_t tokens = g_.value(node_.inputs[1]).shape[1];
  RequireAtMost(32768, "tokens", tokens);
  node_.inputs.resize(2);
  node_.inputs.push_back(
      Constant("exp", DType::kInt16, ExponentialTable(Scale(node_.inputs[0]), tokens)));
  const double real = Scale(node_.inputs[1]) / OutScale();
  CheckReal(real);
  SetMultiplier(ToFixedPoint({real}), -8, 6);
  SetClamp();
}

void LayerQuantizer::Softmax() {
  const int64_t columns = g_.value(node_.inputs[0]).shape.back();
  RequireAtMost(8192, "columns", columns);
  node_.inputs = {node_.inputs[0], Constant("exp", DType::kInt16,
                                            ExponentialTable(Scale(node_.inputs[0]), columns))};
  CheckReal(1 / OutScale());
  SetMultiplier(ToFixedPoint({1 / OutScale()}), -8, 10);
  SetClamp();
}

void LayerQuantizer::AveragePool() {
  const auto kernel = node_.Ints("kernel", {1, 1}), pads = node_.Ints("pads", {0, 0, 0, 0});
  const auto window = static_cast<double>(kernel[0] * kernel[1]);
  if (window > std::ldexp(1.0, 23)) FailRange("a window", window);
  const double ratio = Scale(node_.inputs[0]) / OutScale();
  CheckReal(ratio);
  const bool padded = std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p != 0; });
  node_.inputs.resize(1);
  if (padded && node_.Int("count_include_pad", 0) == 0) {
    std::vector<double> reals;
    for (int pixels = 1; pixels <= static_cast<int>(window); ++pixels)
      reals.push_back(ratio / pixels);
    const FixedPoint fixed = ToFixedPoint(reals);
    node_.inputs.push_back(Constant("border_multiplier", DType::kInt32, fixed.multiplier));
    SetMultiplier({{fixed.multiplier.back()}, fixed.shift}, -31, 22);
  } else {
    SetMultiplier(ToFixedPoint({ratio / window}), -31, 22);
  }
  SetClamp();
}

void LayerQuantizer::Run() {
  static const std::map<std::string, void (LayerQuantizer::*)()> rules = {
      {"add", &LayerQuantizer::Add},
      {"attention", &LayerQuantizer::Attention},
      {"attention_pool", &LayerQuantizer::AttentionPool},
      {"average_pool2d", &LayerQuantizer::AveragePool},
      {"conv2d", &LayerQuantizer::Weighted},
      {"depthwise_conv2d", &LayerQuantizer::Weighted},
      {"layernorm", &LayerQuantizer::Layernorm},
      {"linear", &LayerQuantizer::Weighted},
      {"max_pool2d", &LayerQuantizer::KeepScale},
      {"requantize", &LayerQuantizer::Requantize},
      {"reshape", &LayerQuantizer::KeepScale},
      {"softmax", &LayerQuantizer::Softmax},
      {"transpose", &LayerQuantizer::KeepScale},
  };
  auto rule = rules.find(node_.op);
  if (rule == rules.end()) {
    std::string known;
    for (const auto& [op, unused] : rules) known += (known.empty() ? "" : ", ") + op;
    Fail("quantize/no-kernel", "one of " + known, node_.op,
         "docs/adding_an_operator.md shows how to add a kernel");
  }
  (this->*rule->second)();
  g_.nodes[n_] = std::move(node_);
}

}  // namespace

void QuantizeLayer(Graph* graph, size_t n, const QuantizeOptions& options) {
  LayerQuantizer(graph, n, options).Run();
}

}  // namespace tinyformer
