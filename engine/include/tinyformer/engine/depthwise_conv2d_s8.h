// Int8 depthwise convolution (one filter per channel), dense and block-sparse, channels last.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine {

/// A depthwise convolution: shape.in_channels == shape.out_channels == shape.groups.
struct DepthwiseConv2dS8 {
  Conv2dShape shape;
  int32_t x_zero_point;
  const int8_t* weights;  // [channels][kernel_h][kernel_w], each in [-127, 127]
  const int32_t* bias;    // [channels], as in Conv2dS8
  OutputS8 output;
};

/// A block-sparse one: shape.kernel_w is a multiple of the block (3: one kernel row).
struct DepthwiseConv2dS8Sparse {
  Conv2dShape shape;
  int32_t x_zero_point;
  SparseWeights weights;
  const int32_t* bias;
  OutputS8 output;
};

/// Words of a row of the plane in which kernels keep one padded channel as int16: 18 neighbours.
constexpr int32_t kDepthwisePlaneWords = 9;
/// Rows of the largest plane.
constexpr int32_t kDepthwisePlaneRows = 130;

/// Rows of the padded channel that the outputs of a kernel of 3 x 3 read.
constexpr int32_t depthwise_plane_rows(const Conv2dShape& s) {
  return (s.out_h - 1) * s.stride_h + 3;
}

/// Bytes of the plane, for kernels of 3 x 3 with stride 1 or 2; 0 when the shape is another or the
/// image too high. A word more than its rows: the last step of a row looks one word ahead.
constexpr int32_t depthwise_plane_bytes(const Conv2dShape& s) {
  const bool three = s.kernel_h == 3 && s.kernel_w == 3;
  const bool near = s.dilation_h == 1 && s.dilation_w == 1;
  const bool strides = s.stride_h == s.stride_w && (s.stride_w == 1 || s.stride_w == 2);
  const int32_t rows = depthwise_plane_rows(s);
  return three && near && strides && rows <= kDepthwisePlaneRows
             ? 4 * (kDepthwisePlaneWords * rows + 1)
             : 0;
}

/// Scratch for all depthwise kernels: the filters of four channels widened to int16, or a channel.
constexpr int32_t depthwise_conv2d_s8_scratch_bytes(const Conv2dShape& shape) {
  const int32_t plane = depthwise_plane_bytes(shape);
  return plane > 0 ? plane : 4 * 2 * shape.kernel_h * shape.kernel_w;
}

/// Whether y may be x: every channel is read whole, into scratch, before it is written. Wider
/// images are read by columns from left to right, so that outputs must not run ahead of them.
constexpr bool depthwise_conv2d_s8_in_place(const Conv2dShape& s) {
  const bool at_once = s.out_w * s.stride_w <= 2 * kDepthwisePlaneWords - 2;
  const bool in_step = s.stride_w == 1 && s.in_w == s.out_w && s.pad_left <= 2;
  return s.in_h * s.in_w <= depthwise_plane_bytes(s) && (at_once || in_step);
}

/// iy = oy * stride_h - pad_top + ky * dilation_h,  ix = ox * stride_w - pad_left + kx * dilation_w
/// y[oy][ox][c] = output_s8(c, bias[c] + sum_{ky,kx} x[iy][ix][c] * w[c][ky][kx])
///
/// with x = x_zero_point outside the image.
///
/// Shapes  x [in_h][in_w][channels]   y [out_h][out_w][channels]
/// Bounds  kernel_h * kernel_w <= 65536 and |bias| <= 2^30, as linear_s8
/// Memory  scratch of depthwise_conv2d_s8_scratch_bytes, 4-byte aligned; y may be x where
///         depthwise_conv2d_s8_in_place says so, no other overlaps
/// Errors  none: the compiler proves the preconditions
/// Source  ONNX Conv with group = channels, opset 11; docs/sparse_format.md for rlc3 and bitmap3
namespace ref {
void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch);
void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch);
}  // namespace ref
namespace arm {
void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch);
void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch);
}  // namespace arm
namespace host {
void depthwise_conv2d_s8(const DepthwiseConv2dS8& layer, const int8_t* x, int8_t* y, void* scratch);
void depthwise_conv2d_s8_rlc3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                              void* scratch);
void depthwise_conv2d_s8_bitmap3(const DepthwiseConv2dS8Sparse& layer, const int8_t* x, int8_t* y,
                                 void* scratch);
}  // namespace host
using TINYFORMER_ENGINE_SELECT(arm, host)::depthwise_conv2d_s8;
using TINYFORMER_ENGINE_SELECT(arm, host)::depthwise_conv2d_s8_bitmap3;
using TINYFORMER_ENGINE_SELECT(arm, host)::depthwise_conv2d_s8_rlc3;

}  // namespace tinyformer::engine
