#include "train/modules/fake_quantize.h"

#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr double kLeastScale = 1e-12;  // of a channel or a map that is all zero

}  // namespace

at::Tensor FakeQuantizedWeight(const at::Tensor& weight) {
  const at::Tensor largest = std::get<0>(weight.detach().flatten(1).abs().max(1));
  const at::Tensor scale = (largest / 127).clamp_min(kLeastScale);
  return at::fake_quantize_per_channel_affine(weight, scale, at::zeros_like(scale, at::kInt), 0,
                                              -127, 127);
}

at::Tensor FakeQuantizedActivation(const at::Tensor& x) {
  const at::Tensor values = x.to(at::kFloat), seen = values.detach();
  const at::Tensor low = seen.min().clamp_max(0), high = seen.max().clamp_min(0);
  const at::Tensor scale = ((high - low) / 255).clamp_min(kLeastScale);
  const at::Tensor zero_point = (-128 - low / scale).round().clamp(-128, 127).to(at::kInt);
  return at::fake_quantize_per_tensor_affine(values, scale, zero_point, -128, 127);
}

}  // namespace tinyformer
