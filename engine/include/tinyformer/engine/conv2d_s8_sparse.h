// Block-sparse int8 two-dimensional convolution, channels last, computed straight from the code.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/conv2d_s8.h"
#include "tinyformer/engine/sparse_weights.h"

namespace tinyformer::engine {

/// A convolution with block-sparse weights; blocks lie along the input channels.
struct Conv2dS8Sparse {
  Conv2dShape shape;  // in_channels / groups is a multiple of the block
  int32_t x_zero_point;
  SparseWeights weights;
  const int32_t* bias;  // [out_channels], as in Conv2dS8
  OutputS8 output;
};

/// Scratch for every conv2d_s8_<sparse>.
constexpr int32_t conv2d_s8_sparse_scratch_bytes(const Conv2dS8Sparse& layer) {
  return sparse_scratch_bytes(layer.shape.out_h * layer.shape.out_w, conv2d_taps(layer.shape),
                              layer.shape.out_channels);
}

/// conv2d_s8 of the weights that the code stands for.
///
/// Shapes  x [in_h][in_w][in_channels]   y [out_h][out_w][out_channels]
/// Bounds  as conv2d_s8; conv2d_taps / block <= 65535
/// Memory  scratch of conv2d_s8_sparse_scratch_bytes, 4-byte aligned; y and scratch overlap nothing
/// Errors  none: the compiler proves the preconditions
/// Source  TinyFormer III-D2, Fig. 8; docs/sparse_format.md
namespace ref {
void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace ref
namespace arm {
void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace arm
namespace host {
void conv2d_s8_rlc2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_rlc4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap2(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
void conv2d_s8_bitmap4(const Conv2dS8Sparse& layer, const int8_t* x, int8_t* y, void* scratch);
}  // namespace host
using TINYFORMER_ENGINE_SELECT(arm, host)::conv2d_s8_rlc2;
using TINYFORMER_ENGINE_SELECT(arm, host)::conv2d_s8_rlc4;
using TINYFORMER_ENGINE_SELECT(arm, host)::conv2d_s8_bitmap2;
using TINYFORMER_ENGINE_SELECT(arm, host)::conv2d_s8_bitmap4;

}  // namespace tinyformer::engine
