// The clipped ReLU with a fast gradient.
#pragma once

#include <ATen/core/Tensor.h>

namespace tinyformer {

/// min(max(x, 0), 6); the gradient passes where 0 <= x <= 6.
///
/// Types   float32, bfloat16
/// Why     the same bits as at::clamp, whose gradient on a CPU takes 20 times longer in bfloat16
///         (at::hardtanh has none there)
/// Source  Sandler et al. 2018, MobileNetV2
at::Tensor Relu6(const at::Tensor& x);

}  // namespace tinyformer
