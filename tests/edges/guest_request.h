// What tf_edges asks of its firmware, in a file of the folder that it runs in.
#pragma once

#include <stdint.h>

namespace tinyformer::edges {

constexpr char kRequestFile[] = "request";
constexpr char kCaseFile[] = "case";

/// The contents of kRequestFile; host and guest are little-endian with the same alignment.
struct GuestRequest {
  char kernel[64] = "";  ///< empty: every kernel
  uint32_t first = 1;
  uint32_t cases = 1;
  uint32_t trace = 0;  ///< 1: every case writes its shape to kCaseFile before it runs (slow)
};

}  // namespace tinyformer::edges
