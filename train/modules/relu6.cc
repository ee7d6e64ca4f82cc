#include "train/modules/relu6.h"

#include "train/modules/each_cpu.h"
#include "train/torch_compat.h"

namespace tinyformer {
namespace {

constexpr int64_t kGrain = 32768;  // elements: below this a second thread costs more than it saves

/// bfloat16 by its bits: those of 0 to 6 are 0x0000 to 0x40C0, and -0 counts as 0. Masks, because a
/// branch would be mispredicted at every other element.
TF_EACH_CPU void MaskGradient(const uint16_t* __restrict x, const uint16_t* __restrict dy,
                              uint16_t* __restrict dx, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const int passes = static_cast<int>(x[i] <= 0x40C0) | static_cast<int>(x[i] == 0x8000);
    dx[i] = static_cast<uint16_t>(dy[i] & -passes);
  }
}

TF_EACH_CPU void MaskGradient(const float* __restrict x, const float* __restrict dy,
                              float* __restrict dx, int64_t count) {
  for (int64_t i = 0; i < count; ++i) dx[i] = x[i] >= 0 && x[i] <= 6 ? dy[i] : 0;
}

template <typename T>
at::Tensor MaskedGradient(const at::Tensor& x, const at::Tensor& dy) {
  at::Tensor dx = at::empty_like(x);  // keeps x's order in memory, as dy has it
  const auto *in = static_cast<const T*>(x.data_ptr()),
             *gradient = static_cast<const T*>(dy.data_ptr());
  auto* out = static_cast<T*>(dx.data_ptr());
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    MaskGradient(in + begin, gradient + begin, out + begin, end - begin);
  });
  return dx;
}

class Relu6Function : public torch::autograd::Function<Relu6Function> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return at::clamp(x, 0, 6);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0];
    const at::Tensor dy = gradients[0].to(x.scalar_type()).contiguous(x.suggest_memory_format());
    if (x.device().is_cpu() && x.is_non_overlapping_and_dense() && x.strides() == dy.strides()) {
      if (x.scalar_type() == at::kBFloat16) return {MaskedGradient<uint16_t>(x, dy)};
      if (x.scalar_type() == at::kFloat) return {MaskedGradient<float>(x, dy)};
    }
    return {at::where(x.ge(0).logical_and(x.le(6)), dy, at::zeros({}, dy.options()))};
  }
};

}  // namespace

at::Tensor Relu6(const at::Tensor& x) { return Relu6Function::apply(x); }

}  // namespace tinyformer
