#include "tests/edges/random_network.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "compiler/ops/evaluate.h"
#include "compiler/passes/network_for_tests.h"

namespace tinyformer::edges {
namespace {

constexpr int64_t kMostBytes = 3000;  // of an activation: the emulator runs hundreds of layers

class RandomBuilder {
 public:
  explicit RandomBuilder(uint64_t seed)
      : rng_(seed, "random network"),
        builder_(seed, {1, Between(1, 5), Between(1, 12), Between(1, 12)}) {}

  Graph Build(int layers) {
    for (int tries = 0; tries < 2 * layers && static_cast<int>(seen_.size()) < layers; ++tries) {
      if (Try([this] { IsMap() ? AppendToMap() : AppendToTokens(); })) seen_.push_back(x());
    }
    Try([this] { AppendHead(); });
    return builder_.Build();
  }

 private:
  // Appends something, unless the input would no longer be seen behind it: then a later mistake
  // would not be seen, either.
  template <typename Append>
  bool Try(Append append) {
    const Graph before = builder_.graph;
    const ValueId x_before = x();
    append();
    if (IsAlive()) return true;
    builder_.graph = before;
    x() = x_before;
    weights_done_ = before.values.size();
    return false;
  }

  // A fifth of the values differ between two images by at least five steps of 1/255 of their range.
  bool IsAlive() {
    Graph g = builder_.graph;
    g.outputs = {x()};
    g = Compact(g);
    FloatEvaluator evaluator(g);
    const std::vector<float> a = evaluator.Run(RandomInput(g, 1));
    const std::vector<float> b = evaluator.Run(RandomInput(g, 2));
    const auto [low_a, high_a] = std::minmax_element(a.begin(), a.end());
    const auto [low_b, high_b] = std::minmax_element(b.begin(), b.end());
    const float step =
        (std::max({*high_a, *high_b, 0.0f}) - std::min({*low_a, *low_b, 0.0f})) / 255;
    size_t differing = 0;
    for (size_t i = 0; i < a.size(); ++i) differing += std::abs(a[i] - b[i]) >= 5 * step ? 1 : 0;
    return step > 0 && 5 * differing >= a.size();
  }

  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  // Often an end of the range.
  int64_t Edge(int64_t low, int64_t high) {
    const int64_t kind = Between(0, 4);
    return kind == 0 ? low : (kind == 1 ? high : Between(low, high));
  }

  const Shape& shape() const { return builder_.graph.value(builder_.x).shape; }
  bool IsMap() const { return shape().size() == 4; }
  ValueId& x() { return builder_.x; }

  void AppendToMap() {
    switch (Between(0, 13)) {
      case 0:
        return Pool();
      case 10:
        return Rearrange();
      case 11:
        return Normalise();
      case 12:
        x() = builder_.InvertedResidual(x(), Between(1, 3));
        return SparsifyRest();
      case 13:  // a chain that can run by strips of rows
        Convolve(rng_.Chance(0.5), 1);
        return rng_.Chance(0.5) ? Pool() : Convolve(false, shape()[1]);
      case 1:
        if (AddSeen()) return;
        return Activate();
      case 2:
        if (shape()[2] * shape()[3] <= 48) {
          x() = builder_.ToTokens(x());
          return;
        }
        return Pool();
      case 3:
        return Convolve(/*pointwise=*/true, 1);
      case 4:
      case 5:
        return Convolve(false, shape()[1]);
      case 6:
        return Convolve(false, GroupsOf(shape()[1]));
      default:
        return Convolve(false, 1);
    }
  }

  void AppendToTokens() {
    const int64_t d = shape()[2];
    switch (Between(0, 7)) {
      case 0:
        x() = builder_.LayerNorm(x());
        return;
      case 1:
        x() = builder_.Encoder(x(), GroupsOf(d), Between(1, 3), rng_.Chance(0.5));
        return SparsifyRest();
      case 2:
        if (AddSeen()) return;
        x() = builder_.LayerNorm(x());
        return;
      case 3:
        x() = builder_.Transpose(x(), {0, 2, 1});
        return;
      case 4:
        return ToMap();
      case 5:
        x() = builder_.Node1("Softmax", {x()}, {{"axis", int64_t{-1}}});
        return;
      default:
        x() = builder_.Dense(
            x(), Edge(1, std::max<int64_t>(1, std::min<int64_t>(40, kMostBytes / shape()[1]))));
        SparsifyRest();
        if (rng_.Chance(0.4)) Activate();
    }
  }

  // Rows and columns, or channels and columns, change places.
  void Rearrange() {
    const bool channels = rng_.Chance(0.3) && shape()[3] <= 24;
    x() = builder_.Transpose(
        x(), channels ? std::vector<int64_t>{0, 3, 2, 1} : std::vector<int64_t>{0, 1, 3, 2});
  }

  // Along the columns, or by channel where no convolution takes the numbers in.
  void Normalise() { x() = rng_.Chance(0.3) ? builder_.LayerNorm(x()) : builder_.BatchNorm(x()); }

  void ToMap() {
    const int64_t tokens = shape()[1];
    std::vector<int64_t> heights;
    for (int64_t h = 1; h <= tokens; ++h) {
      if (tokens % h == 0) heights.push_back(h);
    }
    const int64_t h = heights[rng_.Below(heights.size())];
    x() = builder_.ToMap(x(), h, tokens / h);
  }

  int64_t GroupsOf(int64_t channels) {
    std::vector<int64_t> divisors;
    for (int64_t g = 1; g <= std::min<int64_t>(channels, 4); ++g) {
      if (channels % g == 0) divisors.push_back(g);
    }
    return divisors[rng_.Below(divisors.size())];
  }

  // A window over `in` pixels whose padding is smaller than the kernel.
  struct Axis {
    int64_t kernel, stride, dilation, before, after;
    int64_t Out(int64_t in) const {
      const int64_t extent = (kernel - 1) * dilation + 1;
      return in + before + after < extent ? 0 : (in + before + after - extent) / stride + 1;
    }
  };
  Axis RandomAxis(int64_t in, bool dilate) {
    for (;;) {
      Axis a{Edge(1, 5), rng_.Chance(0.7) ? 1 : Between(1, 3), 1, 0, 0};
      if (dilate && rng_.Chance(0.2)) a.dilation = 2;
      const int64_t extent = (a.kernel - 1) * a.dilation + 1;
      a.before = Edge(0, extent - 1);
      a.after = rng_.Chance(0.6) ? a.before : Edge(0, extent - 1);
      const int64_t out = a.Out(in);
      if (out >= 1 && out <= 14 && (out >= 3 || in < 5 || rng_.Chance(0.2))) return a;
    }
  }

  void Convolve(bool pointwise, int64_t group) {
    const int64_t channels = shape()[1];
    Axis h{1, 1, 1, 0, 0};
    Axis w = h;
    if (!pointwise) {
      h = RandomAxis(shape()[2], true);
      w = RandomAxis(shape()[3], true);
      if (rng_.Chance(0.4)) h = w = {3, 1, 1, 1, 1};
    }
    const int64_t pixels = h.Out(shape()[2]) * w.Out(shape()[3]);
    const int64_t most = std::max<int64_t>(1, std::min<int64_t>(24, kMostBytes / pixels) / group);
    const bool depthwise = group == channels && group > 1;
    const int64_t out = depthwise && rng_.Chance(0.9) ? channels : group * Edge(1, most);
    const std::string name = "w" + std::to_string(++count_);
    const ValueId weight = builder_.Weights(name, {out, channels / group, h.kernel, w.kernel},
                                            channels / group * h.kernel * w.kernel);
    const ValueId bias = builder_.Random(name + ".bias", {out}, -0.5, 0.5);
    x() = builder_.Node1("Conv", {x(), weight, bias},
                         {{"strides", std::vector<int64_t>{h.stride, w.stride}},
                          {"pads", std::vector<int64_t>{h.before, w.before, h.after, w.after}},
                          {"dilations", std::vector<int64_t>{h.dilation, w.dilation}},
                          {"group", group}});
    SparsifyRest();
    if (rng_.Chance(0.3)) x() = builder_.BatchNorm(x());
    if (rng_.Chance(0.4)) Activate();
  }

  void Pool() {
    const bool whole = rng_.Chance(0.1);
    if (whole) {
      x() = builder_.Node1("GlobalAveragePool", {x()});
      return;
    }
    const Axis h = RandomAxis(shape()[2], false);
    const Axis w = RandomAxis(shape()[3], false);
    std::map<std::string, Attribute> attributes = {
        {"kernel_shape", std::vector<int64_t>{h.kernel, w.kernel}},
        {"strides", std::vector<int64_t>{h.stride, w.stride}},
        {"pads", std::vector<int64_t>{h.before, w.before, h.after, w.after}}};
    const bool largest = rng_.Chance(0.5);
    if (!largest) attributes["count_include_pad"] = Between(0, 1);
    x() = builder_.Node1(largest ? "MaxPool" : "AveragePool", {x()}, attributes);
  }

  void Activate() {
    if (rng_.Chance(0.5)) {
      x() = builder_.Node1("Relu", {x()});
      return;
    }
    const auto number = [&](float value) {
      return builder_.graph.AddConstant(builder_.graph.UniqueValueName("bound"), {}, {value});
    };
    x() = builder_.Node1("Clip", {x(), number(rng_.Chance(0.5) ? 0.0f : -0.5f), number(1.5f)});
  }

  // Adds an earlier value of the same shape.
  bool AddSeen() {
    std::vector<ValueId> fitting;
    for (ValueId id : seen_) {
      if (id != x() && builder_.graph.value(id).shape == shape()) fitting.push_back(id);
    }
    if (fitting.empty()) return false;
    x() = builder_.Node1("Add", {x(), fitting[rng_.Below(fitting.size())]});
    return true;
  }

  // Zeroes blocks of the weights that were made since the last call: along the input channels, or
  // the rows of a depthwise kernel.
  void SparsifyRest() {
    // Few layers are all zero: nothing of the input would reach the output.
    constexpr double kZero[] = {0, 0.5, 0.8};
    for (; weights_done_ < builder_.graph.values.size(); ++weights_done_) {
      Value& value = builder_.graph.values[weights_done_];
      const bool weight = value.is_constant() && value.type == DType::kFloat32 &&
                          (value.shape.size() == 4 || value.shape.size() == 2);
      if (!weight) continue;
      const double share = rng_.Chance(0.04) ? 1 : kZero[rng_.Below(3)];
      const size_t block = rng_.Chance(0.5) ? 4 : 2;
      std::vector<float> w = value.Elements<float>();
      ZeroBlocks(value.shape, share, block, w);
      value.SetElements(w);
    }
  }

  void ZeroBlocks(const Shape& s, double share, size_t block, std::vector<float>& w) {
    const bool matrix = s.size() == 2;  // [in][out]
    const auto outputs = static_cast<size_t>(matrix ? s[1] : s[0]);
    const auto inputs = static_cast<size_t>(matrix ? s[0] : s[1]);
    const size_t taps = matrix ? 1 : static_cast<size_t>(s[2] * s[3]);
    for (size_t o = 0; o < outputs; ++o) {
      bool zero = false;
      for (size_t tap = 0; tap < taps; ++tap) {
        for (size_t i = 0; i < inputs; ++i) {
          const size_t phase = inputs == 1 ? tap % 3 : i % block;
          if (phase == 0) zero = rng_.Chance(share);
          if (zero) w[matrix ? i * outputs + o : (o * inputs + i) * taps + tap] = 0;
        }
      }
    }
  }

  void AppendHead() {
    if (IsMap()) {
      if (rng_.Chance(0.5)) return;
      x() = builder_.ToTokens(x());
    }
    if (rng_.Chance(0.7)) {
      x() = builder_.Gemm(builder_.SeqPool(x()), Edge(1, 10));
      SparsifyRest();
    }
  }

  Rng rng_;
  NetworkBuilder builder_;
  std::vector<ValueId> seen_;
  size_t weights_done_ = 0;
  int count_ = 0;
};

}  // namespace

Graph RandomNetwork(uint64_t seed, int layers) { return RandomBuilder(seed).Build(layers); }

}  // namespace tinyformer::edges
