#include "bench/kernels/kernel_cases.h"

#include <functional>

#include "compiler/plan/example_graph.h"

namespace tinyformer::bench {
namespace {

constexpr uint64_t kSeed = 1;
constexpr double kSparsities[] = {0.5, 0.6, 0.7, 0.8};

struct Coding {
  const char* suffix;  // of the kernel's name
  CodecRequest codec;
  int block;
};
constexpr Coding kDense = {"", CodecRequest::kDense, 4};
constexpr Coding kMatrixCodings[] = {{"_rlc4", CodecRequest::kRunLength, 4},
                                     {"_rlc2", CodecRequest::kRunLength, 2},
                                     {"_bitmap4", CodecRequest::kBitmap, 4},
                                     {"_bitmap2", CodecRequest::kBitmap, 2}};
constexpr Coding kDepthwiseCodings[] = {{"_rlc3", CodecRequest::kRunLength, 3},
                                        {"_bitmap3", CodecRequest::kBitmap, 3}};

class CaseList {
 public:
  using Build = std::function<ValueId(ExampleGraph&, ValueId x)>;

  void Add(const std::string& kernel, const std::string& shape, Shape input, const Coding& coding,
           double sparsity, int64_t work, const std::string& unit, const Build& build) {
    ExampleGraph graph(kernel, kSeed, sparsity, coding.block);
    const ValueId output = build(graph, graph.Input(std::move(input)));
    cases_.push_back(
        {kernel + coding.suffix, shape, sparsity, coding.codec, graph.Finish(output), work, unit});
  }
  /// Dense, then every coding at every sparsity.
  template <size_t kCount>
  void AddWeighted(const std::string& kernel, const std::string& shape, const Shape& input,
                   const Coding (&codings)[kCount], int64_t macs, const Build& build) {
    Add(kernel, shape, input, kDense, 0, macs, "MAC", build);
    for (const Coding& coding : codings)
      for (double sparsity : kSparsities)
        Add(kernel, shape, input, coding, sparsity, macs, "MAC", build);
  }
  void AddPlain(const std::string& kernel, const std::string& shape, const Shape& input,
                int64_t elements, const Build& build) {
    Add(kernel, shape, input, kDense, 0, elements, "element", build);
  }
  void AddLinear(int64_t tokens, int64_t in, int64_t out) {
    AddWeighted("linear_s8",
                std::to_string(tokens) + "x" + std::to_string(in) + "->" + std::to_string(out),
                {1, tokens, in}, kMatrixCodings, tokens * in * out,
                [out](ExampleGraph& g, ValueId x) { return g.Linear("linear", x, out); });
  }
  void AddLayernorm(int64_t tokens, int64_t channels) {
    AddPlain("layernorm_s8", std::to_string(tokens) + "x" + std::to_string(channels),
             {1, tokens, channels}, tokens * channels,
             [](ExampleGraph& g, ValueId x) { return g.Layernorm("layernorm", x); });
  }
  /// q, k and v are the same tensor: what a kernel does depends on shapes alone.
  void AddAttention(int64_t tokens, int64_t channels, int64_t heads) {
    const std::string shape = std::to_string(tokens) + "x" + std::to_string(channels) + ", " +
                              std::to_string(heads) + " heads";
    Add("attention_s8", shape, {1, tokens, channels}, kDense, 0, 2 * tokens * tokens * channels,
        "MAC",
        [heads](ExampleGraph& g, ValueId x) { return g.Attention("attention", x, x, x, heads); });
  }
  std::vector<KernelCase> Take() { return std::move(cases_); }

 private:
  std::vector<KernelCase> cases_;
};

}  // namespace

std::vector<KernelCase> KernelCases() {
  CaseList list;
  list.AddPlain("softmax_s8", "256x256", {1, 256, 256}, 256 * 256,
                [](ExampleGraph& g, ValueId x) { return g.Softmax("softmax", x); });
  list.AddLinear(64, 192, 576);
  list.AddLinear(256, 44, 132);
  list.AddWeighted("conv2d_s8", "16x16x44->44", {1, 16, 16, 44}, kMatrixCodings,
                   int64_t{256} * 9 * 44 * 44,
                   // As ReLU has it: what clips the output is int8 itself.
                   [](ExampleGraph& g, ValueId x) { return g.Conv2d("conv", x, 44, 1, -128); });
  list.AddWeighted("depthwise_conv2d_s8", "16x16x132", {1, 16, 16, 132}, kDepthwiseCodings,
                   int64_t{256} * 9 * 132,
                   [](ExampleGraph& g, ValueId x) { return g.Depthwise("depthwise", x); });
  list.AddLayernorm(256, 44);
  list.AddLayernorm(64, 192);
  list.AddAttention(256, 44, 4);
  list.AddAttention(64, 192, 4);
  // It reads as many logits as there are tokens; which ones does not matter here.
  list.Add("attention_pool_s8", "64x192", {1, 64, 192}, kDense, 0, 64 * 192, "MAC",
           [](ExampleGraph& g, ValueId x) { return g.AttentionPool("pool", x, x); });
  list.AddPlain("add_s8", "256x44", {1, 256, 44}, 256 * 44,
                [](ExampleGraph& g, ValueId x) { return g.Add("add", x, x); });
  list.AddPlain("max_pool2d_s8", "32x32x44->16x16", {1, 32, 32, 44}, 256 * 44,
                [](ExampleGraph& g, ValueId x) { return g.MaxPool("pool", x); });
  list.AddPlain("average_pool2d_s8", "16x16x192->8x8", {1, 16, 16, 192}, 64 * 192,
                [](ExampleGraph& g, ValueId x) { return g.AveragePool("pool", x); });
  list.AddPlain("requantize_s8", "256x44", {1, 256, 44}, 256 * 44,
                [](ExampleGraph& g, ValueId x) { return g.Requantize("requantize", x); });
  list.AddPlain("transpose_s8", "256x44->44x256", {1, 256, 44}, 256 * 44,
                [](ExampleGraph& g, ValueId x) {
                  return g.Transpose("transpose", x, {0, 2, 1});
                });
  return list.Take();
}

}  // namespace tinyformer::bench
