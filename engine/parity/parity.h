// Parity: this build's kernels against the reference kernels, bit for bit, on random layers.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::parity {

/// Runs one random case of a kernel. Returns nullptr when the outputs of `ref` and of this build's
/// kernel are equal and no guard around outputs and scratch was written over; else what went wrong.
using Check = const char* (*)(uint32_t seed);

struct NamedCheck {
  const char* kernel;
  Check run;
};

/// Every kernel that has a fast version.
extern const NamedCheck kChecks[];
extern const int32_t kCheckCount;

}  // namespace tinyformer::engine::parity
