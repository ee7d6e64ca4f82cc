// Dense int8 two-dimensional convolution, channels last.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/requantize.h"
#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// Shapes of a convolution or depthwise convolution, channels last, batch 1.
///
/// Bounds  out_h = (in_h + pad_top + pad_bottom - dilation_h * (kernel_h - 1) - 1) / stride_h + 1,
///         or fewer (a strip, strips.h), likewise out_w: pad_bottom and pad_right follow from these
///         and are not stored. Every side's padding is smaller than the kernel's extent,
///         dilation * (kernel - 1) + 1. groups divides in_channels and out_channels.
struct Conv2dShape {
  int32_t in_h;
  int32_t in_w;
  int32_t in_channels;
  int32_t out_h;
  int32_t out_w;
  int32_t out_channels;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t dilation_h;
  int32_t dilation_w;
  int32_t groups;
};

/// Values that one output of a convolution sums over: kernel_h * kernel_w * in_channels / groups.
constexpr int32_t conv2d_taps(const Conv2dShape& shape) {
  return shape.kernel_h * shape.kernel_w * (shape.in_channels / shape.groups);
}

/// A dense convolution; bias[o] = b[o] - x_zero_point * sum w[o], at borders too: padding holds
/// x_zero_point (real 0).
struct Conv2dS8 {
  Conv2dShape shape;
  int32_t x_zero_point;
  // [out_channels][kernel_h][kernel_w][in_channels / groups], each in [-127, 127]
  const int8_t* weights;
  const int32_t* bias;  // [out_channels]
  OutputS8 output;
};

/// Room for the bytes of one window, where an input pixel has no whole number of fours.
constexpr int32_t conv2d_window_bytes(const Conv2dShape& shape) {
  return shape.in_channels / shape.groups % 4 != 0 ? round_up(conv2d_taps(shape), 4) : 0;
}

/// Scratch for conv2d_s8: output pixels are its tokens.
constexpr int32_t conv2d_s8_scratch_bytes(const Conv2dS8& layer) {
  return dense_scratch_bytes(layer.shape.out_h * layer.shape.out_w, conv2d_taps(layer.shape),
                             layer.shape.out_channels) +
         conv2d_window_bytes(layer.shape);
}

/// iy = oy * stride_h - pad_top + ky * dilation_h,  ix = ox * stride_w - pad_left + kx * dilation_w
/// y[oy][ox][o] = output_s8(o, bias[o] + sum_{ky,kx,i} x[iy][ix][g*I + i] * w[o][ky][kx][i])
///
/// with I = in_channels / groups, g = o / (out_channels / groups); x is x_zero_point outside.
///
/// Shapes  x [in_h][in_w][in_channels]   y [out_h][out_w][out_channels]
/// Bounds  conv2d_taps <= 65536 and |bias| <= 2^30, as linear_s8
/// Memory  scratch of conv2d_s8_scratch_bytes, 4-byte aligned; y and scratch overlap nothing
/// Errors  none: the compiler proves the preconditions
/// Source  ONNX Conv, opset 11; docs/quantization.md
namespace ref {
void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
namespace arm {
void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
namespace host {
void conv2d_s8(const Conv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
}
using TINYFORMER_ENGINE_SELECT(arm, host)::conv2d_s8;

}  // namespace tinyformer::engine
