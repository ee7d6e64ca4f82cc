// Int8 transposition of up to four axes.
#pragma once

#include <stdint.h>

#include "tinyformer/engine/select.h"

namespace tinyformer::engine {

/// y's axis i is x's axis perm[i]. Fewer than four axes: leading ones of size 1 with perm[i] = i.
struct TransposeS8 {
  int32_t shape[4];  // of x
  int32_t perm[4];   // a permutation of 0..3
};

/// y[j0][j1][j2][j3] = x[..] where x's index along axis perm[i] is ji.
///
/// Shapes  x shape   y [shape[perm0]][shape[perm1]][shape[perm2]][shape[perm3]]
/// Memory  no scratch; y overlaps nothing
/// Errors  none: the compiler proves the preconditions
/// Source  ONNX Transpose, opset 13
namespace ref {
void transpose_s8(const TransposeS8& layer, const int8_t* x, int8_t* y);
}
using ref::transpose_s8;

}  // namespace tinyformer::engine
