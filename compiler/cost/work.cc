#include "compiler/cost/work.h"

#include "base/check.h"
#include "compiler/ops/engine_shapes.h"
#include "tinyformer/engine/depthwise_conv2d_s8.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer {
namespace {

int64_t UpToFours(int64_t count) { return (count + 3) / 4 * 4; }

// One layer whose work is counted kind by kind.
class Counter {
 public:
  Counter(const Graph& graph, const Node& node, const Kernel& kernel)
      : graph_(graph), node_(node), kernel_(kernel) {}

  WorkCounts Run() {
    Add(Work::kLayer, 1);
    if (node_.Int("min", -128) > -128 || node_.Int("max", 127) < 127) {
      Add(Work::kClamp, OutputElements());
    }
    if (node_.op == "linear" || node_.op == "conv2d") {
      CountBatches();
    } else if (node_.op == "depthwise_conv2d") {
      CountDepthwise();
    } else if (node_.op == "attention") {
      CountAttention();
    } else {
      CountPlain();
    }
    return counts_;
  }

 private:
  void Add(Work kind, int64_t count) {
    counts_[static_cast<size_t>(kind)] += static_cast<double>(count);
  }
  const Shape& ShapeOf(ValueId id) const { return graph_.value(id).shape; }
  const Shape& Input(size_t i) const { return ShapeOf(node_.inputs.at(i)); }
  const Shape& Output() const { return ShapeOf(node_.outputs.at(0)); }
  int64_t OutputElements() const { return ElementCount(Output()); }

  // Outputs whose window leaves the image.
  int64_t BorderPositions() const {
    const engine::Conv2dShape s = ConvShape(graph_, node_);
    const auto inside = [](int32_t out, int32_t in, int32_t stride, int32_t pad, int32_t reach) {
      int64_t count = 0;
      for (int32_t at = 0; at < out; ++at) {
        const int32_t first = at * stride - pad;
        count += first >= 0 && first + reach < in ? 1 : 0;
      }
      return count;
    };
    return int64_t{s.out_h} * s.out_w -
           inside(s.out_h, s.in_h, s.stride_h, s.pad_top, (s.kernel_h - 1) * s.dilation_h) *
               inside(s.out_w, s.in_w, s.stride_w, s.pad_left, (s.kernel_w - 1) * s.dilation_w);
  }

  void CountBatches() {
    const Shape& weight = Input(1);
    const int64_t rows = weight.at(0), length = ElementCount(weight) / rows;
    const int64_t tokens = OutputElements() / rows;
    const int64_t batches = (tokens + engine::kTokenBatch - 1) / engine::kTokenBatch;
    const bool sparse = kernel_.codec.codec != Codec::kDense;
    const int64_t stored = sparse ? kernel_.codec.effective_weights : rows * UpToFours(length);
    Add(Work::kProduct, batches * stored);
    Add(Work::kRow, batches * rows);
    Add(Work::kGather, tokens * length);
    // Values are copied group by group; a group does not cross a pixel.
    const int64_t group = kernel_.codec.block == 2 ? 2 : 4, inner = weight.back();
    Add(Work::kOddGather, tokens * length / inner *
                              (node_.op == "linear" ? inner % group
                               : inner % group > 0  ? inner
                                                    : 0));
    if (!sparse && length % 4 > 0) Add(Work::kOddProduct, tokens * length);
    if (node_.op == "conv2d") {
      Add(Work::kTap, tokens * weight.at(1));
      Add(Work::kBorder, BorderPositions() * length);
    }
    Add(Work::kOutput, tokens * rows);
    if (tokens % engine::kTokenBatch > 0) Add(Work::kPartial, rows);
    if (!sparse) return;
    Add(Work::kSetup, rows * length);
    if (kernel_.codec.codec != Codec::kBitmap) return;
    const int64_t in_run =
        engine::sparse_batches(static_cast<int32_t>(tokens), static_cast<int32_t>(length));
    Add(Work::kDecode, (batches + in_run - 1) / in_run * rows * length);
  }

  void CountDepthwise() {
    const int64_t channels = Output().back(), taps = ElementCount(Input(1)) / channels;
    Add(Work::kProduct, OutputElements() * taps);
    Add(Work::kOddProduct, OutputElements() / channels * taps * (channels % 4));
    Add(Work::kBorder, BorderPositions() * taps * channels);
    const engine::Conv2dShape shape = ConvShape(graph_, node_);
    const int64_t columns = 2 * (engine::kDepthwisePlaneWords - 1);
    const int64_t parts = (int64_t{shape.out_w} * shape.stride_w + columns - 1) / columns;
    Add(Work::kRow, shape.out_h * channels * parts);
    Add(Work::kGather, ElementCount(Input(0)));
    Add(Work::kSetup, channels * parts);
    Add(Work::kOutput, OutputElements());
    if (kernel_.codec.codec != Codec::kDense) {
      Add(Work::kDecode, kernel_.codec.effective_weights * (OutputElements() / channels));
    }
  }

  void CountAttention() {
    const int64_t tokens = Input(0).at(1), channels = Input(0).at(2);
    const int64_t heads = node_.Int("heads", 1);
    // Rows are computed in fours, and padded to fours.
    const int64_t padded = UpToFours(tokens), width = UpToFours(channels / heads);
    Add(Work::kProduct, 2 * heads * padded * padded * width);
    Add(Work::kRow, heads * padded / 4 * (tokens + width));
    Add(Work::kGather, tokens * channels);
    Add(Work::kSetup, heads * padded);
    Add(Work::kExponential, heads * padded * padded);
  }

  void CountPlain() {
    Add(Work::kGather, ElementCount(Input(node_.op == "attention_pool" ? 1 : 0)));
    Add(Work::kOutput, OutputElements());
    Add(Work::kRow, OutputElements() / Output().back());
    if (node_.op == "attention_pool") Add(Work::kExponential, Input(1).at(1));
    if (node_.op == "softmax") Add(Work::kExponential, OutputElements());
    if (node_.Has("kernel")) {
      int64_t window = 1;
      for (int64_t side : node_.Ints("kernel", {})) window *= side;
      Add(Work::kProduct, OutputElements() * window);
      const int64_t positions = OutputElements() / Output().back();
      Add(Work::kTap, positions * window);
      Add(Work::kOddProduct, positions * window * (Output().back() % 4));
    }
  }

  const Graph& graph_;
  const Node& node_;
  const Kernel& kernel_;
  WorkCounts counts_{};
};

}  // namespace

const std::array<const char*, kWorkKinds> kWorkNames = {
    "product", "row",    "partial", "gather", "odd_gather", "odd_product", "border",
    "tap",     "decode", "setup",   "output", "clamp",      "exponential", "layer"};

WorkCounts CountWork(const Graph& graph, const Node& node, const Kernel& kernel) {
  return Counter(graph, node, kernel).Run();
}

std::string CycleLine(const Graph& graph, const Node& node, const Kernel& kernel) {
  if (!kernel.has_weights) return kernel.name;
  const bool portable = node.op == "depthwise_conv2d"
                            ? engine::depthwise_plane_bytes(ConvShape(graph, node)) == 0
                            : node.Int("shift", -1) != -1;
  return portable ? kernel.name + " portable" : kernel.name;
}

}  // namespace tinyformer
