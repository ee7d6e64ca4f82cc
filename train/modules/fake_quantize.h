// Values rounded to the int8 grid that the compiler will choose, while gradients pass as if they
// were not.
#pragma once

#include <ATen/core/Tensor.h>

namespace tinyformer {

/// Each output channel (first dimension) on its own symmetric grid: w = s q, q in [-127, 127],
/// s = max |w| / 127 of the channel. Batch norm's folding scales whole channels, so the integers
/// are those of the folded weight, too. Zero stays zero.
///
/// Shapes  any of at least one dimension; float32
/// Source  docs/quantization.md; straight-through gradient: Bengio et al. 2013, arXiv 1308.3432
at::Tensor FakeQuantizedWeight(const at::Tensor& weight);

/// The whole tensor on one asymmetric grid of 256 steps over the range of this batch, which is
/// widened to hold 0. The gradient passes inside the range, which is everywhere.
///
/// Shapes  any, any floating type -> the same, float32
at::Tensor FakeQuantizedActivation(const at::Tensor& x);

}  // namespace tinyformer
