// Parity: this build's kernels against the reference kernels, bit for bit, on random layers with
// shapes and values at every edge, in guarded memory.
#pragma once

#include <stdint.h>

#include "engine/parity/random.h"

namespace tinyformer::engine::parity {

/// One random layer: its number decides everything about it.
struct Case {
  explicit Case(uint32_t number) : seed(number), random(number) {}

  uint32_t seed;
  Random random;
  char shape[192] = "";  ///< of the layer, for the reader of a failure
  uint32_t hash = 0;     ///< of the outputs: the same on every machine
  /// Called once the shape is known, before a kernel runs; may be nullptr.
  void (*begun)(const Case&) = nullptr;
};

/// Runs a kernel and its reference on two inputs. Returns nullptr when the outputs are equal and
/// nothing but the kernel's own buffers was written; else what went wrong. Reads outside the
/// buffers and work that depends on the input end the program where it is watched (GuardedMemory).
using Check = const char* (*)(Case& random_case);

struct NamedCheck {
  const char* kernel;
  Check run;
};

/// Every kernel of the engine.
extern const NamedCheck kChecks[];
extern const int32_t kCheckCount;

/// A range of cases; kernel nullptr: of every kernel.
struct Request {
  const char* kernel = nullptr;
  uint32_t first = 1;
  uint32_t cases = 1;
};

/// Runs them and prints a line for each kernel and for each failure. Returns how many kernels
/// failed.
int32_t run_cases(const Request& request, void (*begun)(const Case&), void (*print)(const char*));

}  // namespace tinyformer::engine::parity
