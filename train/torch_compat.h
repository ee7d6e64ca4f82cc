// Everything that differs between libtorch 1.13 and 2.x, in one place. Only .cc files under train/
// include it.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>
#include <torch/version.h>

#define TF_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) ||     \
   (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace tinyformer {

/// Matrix products and convolutions in bfloat16 while it lives (when on), on the device's type.
class AutocastScope {
 public:
  AutocastScope(bool on, at::DeviceType device) : on_(on), device_(device) {
    if (on_) Set(true);
  }
  ~AutocastScope() {
    if (!on_) return;
    at::autocast::clear_cache();
    Set(false);
  }
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  void Set(bool on) {
#if TF_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, on);
#else
    if (device_ == at::kCPU) {
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
      at::autocast::set_cpu_enabled(on);
    } else {
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
      at::autocast::set_enabled(on);
    }
#endif
  }

  bool on_;
  at::DeviceType device_;
};

/// Runs its scope without autocast: for code that wants float32 whatever is around it.
class FloatScope {
 public:
#if TF_TORCH_AT_LEAST(2, 4)
  FloatScope()
      : cpu_(at::autocast::is_autocast_enabled(at::kCPU)),
        cuda_(at::autocast::is_autocast_enabled(at::kCUDA)) {
    Set(false, false);
  }

 private:
  static void Set(bool cpu, bool cuda) {
    at::autocast::set_autocast_enabled(at::kCPU, cpu);
    at::autocast::set_autocast_enabled(at::kCUDA, cuda);
  }
#else
  FloatScope() : cpu_(at::autocast::is_cpu_enabled()), cuda_(at::autocast::is_enabled()) {
    Set(false, false);
  }

 private:
  static void Set(bool cpu, bool cuda) {
    at::autocast::set_cpu_enabled(cpu);
    at::autocast::set_enabled(cuda);
  }
#endif

 public:
  ~FloatScope() { Set(cpu_, cuda_); }
  FloatScope(const FloatScope&) = delete;
  FloatScope& operator=(const FloatScope&) = delete;

 private:
  bool cpu_, cuda_;
};

/// to[i] += weight (from[i] - to[i]), on a GPU with few kernels.
inline void LerpAll(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from,
                    double weight) {
#if TF_TORCH_AT_LEAST(2, 1)
  at::_foreach_lerp_(to, from, weight);
#else
  for (size_t i = 0; i < to.size(); ++i) to[i].lerp_(from[i], weight);
#endif
}

}  // namespace tinyformer
