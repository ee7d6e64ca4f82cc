// Runs a kernel and its reference on the same guarded buffers and compares.
#pragma once

#include <stdint.h>

#include <vector>

#include "engine/parity/guarded_memory.h"
#include "engine/parity/parity.h"

namespace tinyformer::engine::parity {

/// The buffers of a layer. Activations start at any address, scratch at a multiple of 4.
struct Buffers {
  static constexpr int32_t kInputs = 3;

  int8_t* x[kInputs] = {};
  int8_t* y = nullptr;
  void* scratch = nullptr;
};

struct BufferSizes {
  int32_t x[Buffers::kInputs] = {};
  int32_t y = 0;
  int32_t scratch = 0;
  /// The output may be this input (not the smaller one): half of the cases are run in place. -1:
  /// none.
  int32_t in_place = -1;
};

/// A call of a kernel or of its reference.
class KernelCall {
 public:
  virtual void operator()(const Buffers& buffers) const = 0;

 protected:
  ~KernelCall() = default;
};

template <typename Function>
class KernelCallOf final : public KernelCall {
 public:
  explicit KernelCallOf(const Function& function) : function_(function) {}
  void operator()(const Buffers& buffers) const override { function_(buffers); }

 private:
  const Function& function_;
};

/// What Check returns. `memory` holds the layer's constants already.
const char* compare_calls(Case& c, GuardedMemory& memory, const BufferSizes& sizes,
                          const KernelCall& reference, const KernelCall& kernel);

/// reference(buffers) and kernel(buffers) call the two.
template <typename Reference, typename Kernel>
const char* compare(Case& c, GuardedMemory& memory, const BufferSizes& sizes,
                    const Reference& reference, const Kernel& kernel) {
  return compare_calls(c, memory, sizes, KernelCallOf<Reference>(reference),
                       KernelCallOf<Kernel>(kernel));
}

}  // namespace tinyformer::engine::parity
