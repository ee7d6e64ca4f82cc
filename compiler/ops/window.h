// Sliding windows over images: what convolutions and pools share.
#pragma once

#include "compiler/ops/op_def.h"

namespace tinyformer {

/// Kernel, strides, pads [top, left, bottom, right] and dilations of a node, with the output's
/// height and width.
struct Window {
  int64_t kernel[2], strides[2], pads[4], dilations[2];
  int64_t in[2], out[2];
};

/// Reads strides, pads and dilations (defaults 1, 0, 1) and computes the output size, rounding
/// down.
///
/// Errors  import/attribute (wrong count or sign), import/window (the kernel is larger than the
///         padded input), import/padding (a pad as large as the kernel: a window without a pixel)
Window ReadWindow(const OpSite& site, int64_t in_height, int64_t in_width, int64_t kernel_height,
                  int64_t kernel_width);

/// An attribute of exactly `count` integers, each at least `least`.
/// Errors  import/attribute
std::vector<int64_t> RequireInts(const OpSite& site, const std::string& key, size_t count,
                                 int64_t least, const std::vector<int64_t>& fallback);

}  // namespace tinyformer
