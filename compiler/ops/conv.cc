// Conv (ONNX), conv2d and depthwise_conv2d (lowered).
#include <algorithm>
#include <limits>

#include "compiler/ops/activation_range.h"
#include "compiler/ops/gemm.h"
#include "compiler/ops/op_list.h"
#include "compiler/ops/window.h"

namespace tinyformer {
namespace {

void CheckBias(const OpSite& site, int64_t out_channels) {
  if (!site.has_input(2)) return;
  if (site.shape(2) != Shape{out_channels}) {
    FailNode(site, "import/bias-shape", "a bias of shape " + ToString({out_channels}),
             "shape " + ToString(site.shape(2)), "give one bias per output channel");
  }
}

void CheckGroups(const OpSite& site, int64_t channels, int64_t weight_channels, int64_t outputs) {
  int64_t group = site.node.Int("group", 1);
  if (group < 1 || channels % group != 0 || outputs % group != 0 ||
      weight_channels != channels / group) {
    FailNode(site, "import/channels",
             "weights for " + std::to_string(channels) + " input channels in " +
                 std::to_string(group) + " groups",
             "weight '" + site.input(1).name + "' of shape " + ToString(site.shape(1)),
             "export the model again: the weight does not match its input");
  }
}

Window OnnxWindow(const OpSite& site) {
  const Shape& w = site.shape(1);
  auto kernel = RequireInts(site, "kernel_shape", 2, 1, {w[2], w[3]});
  if (kernel != std::vector<int64_t>{w[2], w[3]}) {
    FailNode(site, "import/attribute",
             "kernel_shape " + ToString({w[2], w[3]}) + " as in the weight",
             "kernel_shape " + ToString(kernel), "export the model again");
  }
  return ReadWindow(site, site.shape(0)[2], site.shape(0)[3], w[2], w[3]);
}

std::vector<Shape> InferConv(const OpSite& site) {
  RequireRank(site, 0, 4);
  RequireRank(site, 1, 4);
  const Shape &x = site.shape(0), &w = site.shape(1);
  CheckGroups(site, x[1], w[1], w[0]);
  CheckBias(site, w[0]);
  Window window = OnnxWindow(site);
  return {{x[0], w[0], window.out[0], window.out[1]}};
}

// One output plane of a depthwise convolution; element (y, x) of in and out is at y * row + x *
// step.
struct Plane {
  int64_t in_row, out_row, step;
};

void DepthwisePlane(const Window& w, const Plane& plane, const float* in, const float* weight,
                    float bias, float* out) {
  for (int64_t oy = 0; oy < w.out[0]; ++oy) {
    for (int64_t ox = 0; ox < w.out[1]; ++ox) {
      float sum = bias;
      for (int64_t ky = 0; ky < w.kernel[0]; ++ky) {
        int64_t iy = oy * w.strides[0] - w.pads[0] + ky * w.dilations[0];
        if (iy < 0 || iy >= w.in[0]) continue;
        for (int64_t kx = 0; kx < w.kernel[1]; ++kx) {
          int64_t ix = ox * w.strides[1] - w.pads[1] + kx * w.dilations[1];
          if (ix < 0 || ix >= w.in[1]) continue;
          sum += in[iy * plane.in_row + ix * plane.step] * weight[ky * w.kernel[1] + kx];
        }
      }
      out[oy * plane.out_row + ox * plane.step] = sum;
    }
  }
}

// columns[(c, ky, kx)][(oy, ox)] of `channels` planes.
void Im2Col(const Window& w, int64_t channels, const float* in, float* columns) {
  for (int64_t c = 0; c < channels; ++c) {
    const float* plane = in + c * w.in[0] * w.in[1];
    for (int64_t ky = 0; ky < w.kernel[0]; ++ky) {
      for (int64_t kx = 0; kx < w.kernel[1]; ++kx) {
        for (int64_t oy = 0; oy < w.out[0]; ++oy) {
          int64_t iy = oy * w.strides[0] - w.pads[0] + ky * w.dilations[0];
          for (int64_t ox = 0; ox < w.out[1]; ++ox) {
            int64_t ix = ox * w.strides[1] - w.pads[1] + kx * w.dilations[1];
            bool inside = iy >= 0 && iy < w.in[0] && ix >= 0 && ix < w.in[1];
            *columns++ = inside ? plane[iy * w.in[1] + ix] : 0.0f;
          }
        }
      }
    }
  }
}

void EvaluateConv(const OpSite& site, const std::vector<const Tensor*>& in,
                  const std::vector<Tensor*>& out) {
  const Shape &xs = in[0]->shape, &ws = in[1]->shape;
  Window w = OnnxWindow(site);
  const int64_t group = site.node.Int("group", 1), pixels = w.out[0] * w.out[1];
  const int64_t in_per_group = ws[1], out_per_group = ws[0] / group;
  const int64_t depth = in_per_group * ws[2] * ws[3];
  std::vector<float> columns;
  for (int64_t n = 0; n < xs[0]; ++n) {
    for (int64_t g = 0; g < group; ++g) {
      const float* x = in[0]->data.data() + (n * xs[1] + g * in_per_group) * w.in[0] * w.in[1];
      float* y = out[0]->data.data() + (n * ws[0] + g * out_per_group) * pixels;
      const float* weight = in[1]->data.data() + g * out_per_group * depth;
      const float* bias = in.size() > 2 && in[2] ? in[2]->data.data() + g * out_per_group : nullptr;
      if (in_per_group == 1) {
        for (int64_t o = 0; o < out_per_group; ++o) {
          DepthwisePlane(w, {w.in[1], w.out[1], 1}, x, weight + o * depth, bias ? bias[o] : 0.0f,
                         y + o * pixels);
        }
        continue;
      }
      columns.resize(static_cast<size_t>(depth * pixels));
      Im2Col(w, in_per_group, x, columns.data());
      for (int64_t o = 0; o < out_per_group; ++o) {
        std::fill_n(y + o * pixels, pixels, bias ? bias[o] : 0.0f);
      }
      Gemm(out_per_group, pixels, depth, weight, depth, columns.data(), pixels, y, pixels);
    }
  }
}

std::vector<Shape> InferConv2d(const OpSite& site) {
  RequireRank(site, 0, 4);
  RequireRank(site, 1, 4);
  const Shape &x = site.shape(0), &w = site.shape(1);
  CheckGroups(site, x[3], w[3], w[0]);
  CheckBias(site, w[0]);
  Window window = ReadWindow(site, x[1], x[2], w[1], w[2]);
  return {{x[0], window.out[0], window.out[1], w[0]}};
}

void EvaluateConv2d(const OpSite& site, const std::vector<const Tensor*>& in,
                    const std::vector<Tensor*>& out) {
  const Shape &xs = in[0]->shape, &ws = in[1]->shape;
  Window w = ReadWindow(site, xs[1], xs[2], ws[1], ws[2]);
  const int64_t group = site.node.Int("group", 1), pixels = w.out[0] * w.out[1];
  const int64_t per_group = ws[3], out_per_group = ws[0] / group, depth = ws[1] * ws[2] * per_group;
  std::vector<float> rows(static_cast<size_t>(pixels * depth)),
      weight(static_cast<size_t>(depth * out_per_group));
  for (int64_t g = 0; g < group; ++g) {
    float* row = rows.data();
    for (int64_t oy = 0; oy < w.out[0]; ++oy) {
      for (int64_t ox = 0; ox < w.out[1]; ++ox) {
        for (int64_t ky = 0; ky < w.kernel[0]; ++ky) {
          for (int64_t kx = 0; kx < w.kernel[1]; ++kx, row += per_group) {
            int64_t iy = oy * w.strides[0] - w.pads[0] + ky * w.dilations[0];
            int64_t ix = ox * w.strides[1] - w.pads[1] + kx * w.dilations[1];
            if (iy < 0 || iy >= w.in[0] || ix < 0 || ix >= w.in[1]) {
              std::fill_n(row, per_group, 0.0f);
            } else {
              std::copy_n(in[0]->data.data() + (iy * w.in[1] + ix) * xs[3] + g * per_group,
                          per_group, row);
            }
          }
        }
      }
    }
    for (int64_t o = 0; o < out_per_group; ++o) {
      const float* source = in[1]->data.data() + (g * out_per_group + o) * depth;
      for (int64_t k = 0; k < depth; ++k)
        weight[static_cast<size_t>(k * out_per_group + o)] = source[k];
    }
    float* y = out[0]->data.data() + g * out_per_group;
    for (int64_t p = 0; p < pixels; ++p) {
      std::copy_n(in[2]->data.data() + g * out_per_group, out_per_group, y + p * ws[0]);
    }
    Gemm(pixels, out_per_group, depth, rows.data(), depth, weight.data(), out_per_group, y, ws[0]);
  }
  ClampToActivation(site.node, out[0]->data);
}

std::vector<Shape> InferDepthwise(const OpSite& site) {
  RequireRank(site, 0, 4);
  RequireRank(site, 1, 3);
  const Shape &x = site.shape(0), &w = site.shape(1);
  if (w[0] != x[3]) CheckGroups(site, x[3], 0, w[0]);
  CheckBias(site, w[0]);
  Window window = ReadWindow(site, x[1], x[2], w[1], w[2]);
  return {{x[0], window.out[0], window.out[1], w[0]}};
}

void EvaluateDepthwise(const OpSite& site, const std::vector<const Tensor*>& in,
                       const std::vector<Tensor*>& out) {
  const Shape &xs = in[0]->shape, &ws = in[1]->shape;
  Window w = ReadWindow(site, xs[1], xs[2], ws[1], ws[2]);
  const int64_t channels = xs[3];
  for (int64_t c = 0; c < channels; ++c) {
    DepthwisePlane(w, {w.in[1] * channels, w.out[1] * channels, channels}, in[0]->data.data() + c,
                   in[1]->data.data() + c * ws[1] * ws[2], in[2]->data[static_cast<size_t>(c)],
                   out[0]->data.data() + c);
  }
  ClampToActivation(site.node, out[0]->data);
}

}  // namespace

const OpDef kConv = {
    "Conv",
    OpDef::Level::kOnnx,
    2,
    3,
    "two-dimensional; any kernel, strides, pads, dilations, groups; constant weights",
    QuantizeRule::kOwnScale,
    InferConv,
    EvaluateConv};
const OpDef kConv2d = {"conv2d",
                       OpDef::Level::kLowered,
                       3,
                       -1,
                       "x [1,H,W,C], weight [O,kh,kw,C/g], bias [O]; strides, pads, dilations, "
                       "group, act_min, act_max",
                       QuantizeRule::kOwnScale,
                       InferConv2d,
                       EvaluateConv2d};
const OpDef kDepthwiseConv2d = {
    "depthwise_conv2d",
    OpDef::Level::kLowered,
    3,
    -1,
    "x [1,H,W,C], weight [C,kh,kw], bias [C]; strides, pads, dilations, act_min, act_max",
    QuantizeRule::kOwnScale,
    InferDepthwise,
    EvaluateDepthwise};

}  // namespace tinyformer
