// Between libtorch's tensors and the tensors of a safetensors file.
#pragma once

#include <ATen/core/Tensor.h>

#include "base/safetensors.h"

namespace tinyformer {

/// A float32 copy in row-major order.
NamedTensor ToNamedTensor(const at::Tensor& tensor);

/// Writes the values into target in place. The caller has checked type and shape.
void CopyInto(const NamedTensor& from, const at::Tensor& target);

}  // namespace tinyformer
