// MaxPool, AveragePool, GlobalAveragePool (ONNX), max_pool2d, average_pool2d (lowered).
#include <algorithm>
#include <limits>

#include "compiler/ops/op_list.h"
#include "compiler/ops/window.h"

namespace tinyformer {
namespace {

// Where an image's channel, row and column dimensions are, and how far apart in memory.
struct Layout {
  int64_t images, channels, height, width;
  int64_t channel_step, column_step;
};

Layout ChannelsFirst(const Shape& x) { return {x[0], x[1], x[2], x[3], x[2] * x[3], 1}; }
Layout ChannelsLast(const Shape& x) { return {x[0], x[3], x[1], x[2], 1, x[3]}; }

Window PoolWindow(const OpSite& site, const Layout& in, const std::string& kernel_key) {
  auto kernel = RequireInts(site, kernel_key, 2, 1, {});
  if (site.node.Int("ceil_mode", 0) != 0) {
    FailNode(site, "import/attribute", "ceil_mode 0", "ceil_mode 1",
             "pad the input so that the windows fit exactly");
  }
  return ReadWindow(site, in.height, in.width, kernel[0], kernel[1]);
}

// The pixels first, first + dilation, ... before end, in one dimension.
struct Span {
  int64_t first, end;
};

// What of a window lies on the image: windows may be far larger.
Span Inside(const Window& w, size_t d, int64_t out) {
  const int64_t begin = out * w.strides[d] - w.pads[d], step = w.dilations[d];
  const int64_t outside = begin < 0 ? (-begin + step - 1) / step : 0;
  return {begin + outside * step, std::min(w.in[d], begin + w.kernel[d] * step)};
}

template <typename Reduce>
void Pool(const Window& w, const Layout& in, const Layout& out, const float* x, float* y,
          Reduce reduce) {
  for (int64_t n = 0; n < in.images; ++n) {
    for (int64_t c = 0; c < in.channels; ++c) {
      const float* plane = x + n * in.channels * in.height * in.width + c * in.channel_step;
      float* result = y + n * out.channels * out.height * out.width + c * out.channel_step;
      for (int64_t oy = 0; oy < w.out[0]; ++oy) {
        for (int64_t ox = 0; ox < w.out[1]; ++ox) {
          float sum = 0, largest = -std::numeric_limits<float>::infinity();
          int64_t pixels = 0;
          const Span rows = Inside(w, 0, oy), columns = Inside(w, 1, ox);
          for (int64_t iy = rows.first; iy < rows.end; iy += w.dilations[0]) {
            for (int64_t ix = columns.first; ix < columns.end; ix += w.dilations[1]) {
              float v = plane[(iy * in.width + ix) * in.column_step];
              sum += v;
              largest = std::max(largest, v);
              ++pixels;
            }
          }
          result[(oy * out.width + ox) * out.column_step] = reduce(sum, largest, pixels);
        }
      }
    }
  }
}

std::vector<Shape> InferFirst(const OpSite& site) {
  RequireRank(site, 0, 4);
  const Shape& x = site.shape(0);
  Window w = PoolWindow(site, ChannelsFirst(x), "kernel_shape");
  return {{x[0], x[1], w.out[0], w.out[1]}};
}

std::vector<Shape> InferLast(const OpSite& site) {
  RequireRank(site, 0, 4);
  const Shape& x = site.shape(0);
  Window w = PoolWindow(site, ChannelsLast(x), "kernel");
  return {{x[0], w.out[0], w.out[1], x[3]}};
}

std::vector<Shape> InferGlobal(const OpSite& site) {
  RequireRank(site, 0, 4);
  return {{site.shape(0)[0], site.shape(0)[1], 1, 1}};
}

float TakeMax(float, float largest, int64_t) { return largest; }

template <Layout (*kLayout)(const Shape&)>
void EvaluateMax(const OpSite& site, const std::vector<const Tensor*>& in,
                 const std::vector<Tensor*>& out) {
  Layout layout = kLayout(in[0]->shape);
  Window w = PoolWindow(site, layout, kLayout == ChannelsFirst ? "kernel_shape" : "kernel");
  Pool(w, layout, kLayout(out[0]->shape), in[0]->data.data(), out[0]->data.data(), TakeMax);
}

template <Layout (*kLayout)(const Shape&)>
void EvaluateAverage(const OpSite& site, const std::vector<const Tensor*>& in,
                     const std::vector<Tensor*>& out) {
  Layout layout = kLayout(in[0]->shape);
  Window w = PoolWindow(site, layout, kLayout == ChannelsFirst ? "kernel_shape" : "kernel");
  const int64_t all = site.node.Int("count_include_pad", 0) != 0 ? w.kernel[0] * w.kernel[1] : 0;
  Pool(w, layout, kLayout(out[0]->shape), in[0]->data.data(), out[0]->data.data(),
       [all](float sum, float, int64_t pixels) {
         return sum / static_cast<float>(all ? all : pixels);
       });
}

void EvaluateGlobal(const OpSite&, const std::vector<const Tensor*>& in,
                    const std::vector<Tensor*>& out) {
  const size_t pixels = static_cast<size_t>(in[0]->shape[2] * in[0]->shape[3]);
  for (size_t i = 0; i < out[0]->data.size(); ++i) {
    double sum = 0;
    for (size_t p = 0; p < pixels; ++p) sum += in[0]->data[i * pixels + p];
    out[0]->data[i] = static_cast<float>(sum / static_cast<double>(pixels));
  }
}

}  // namespace

const OpDef kMaxPool = {"MaxPool",
                        OpDef::Level::kOnnx,
                        1,
                        1,
                        "two-dimensional; ceil_mode 0; no indices output",
                        QuantizeRule::kInputScale,
                        InferFirst,
                        EvaluateMax<ChannelsFirst>};
const OpDef kAveragePool = {"AveragePool",
                            OpDef::Level::kOnnx,
                            1,
                            1,
                            "two-dimensional; ceil_mode 0",
                            QuantizeRule::kOwnScale,
                            InferFirst,
                            EvaluateAverage<ChannelsFirst>};
const OpDef kGlobalAveragePool = {
    "GlobalAveragePool", OpDef::Level::kOnnx,     1,           1,
    "two-dimensional",   QuantizeRule::kOwnScale, InferGlobal, EvaluateGlobal};
const OpDef kMaxPool2d = {"max_pool2d",
                          OpDef::Level::kLowered,
                          1,
                          -1,
                          "x [1,H,W,C]; kernel, strides, pads",
                          QuantizeRule::kInputScale,
                          InferLast,
                          EvaluateMax<ChannelsLast>};
const OpDef kAveragePool2d = {"average_pool2d",
                              OpDef::Level::kLowered,
                              1,
                              -1,
                              "x [1,H,W,C]; kernel, strides, pads, count_include_pad",
                              QuantizeRule::kOwnScale,
                              InferLast,
                              EvaluateAverage<ChannelsLast>};

}  // namespace tinyformer
