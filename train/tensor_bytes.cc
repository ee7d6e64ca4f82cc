#include "train/tensor_bytes.h"

#include "base/check.h"
#include "train/torch_compat.h"

namespace tinyformer {

NamedTensor ToNamedTensor(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  return NamedTensor::Float32(plain.sizes().vec(), plain.data_ptr<float>());
}

void CopyInto(const NamedTensor& from, const at::Tensor& target) {
  TF_CHECK(from.dtype == "F32" && from.shape == target.sizes().vec(), "shape",
           ToString(from.shape));
  at::NoGradGuard no_grad;
  std::vector<float> values = from.Floats();
  target.copy_(at::from_blob(values.data(), from.shape, at::kFloat));
}

}  // namespace tinyformer
