// What the main functions of the small programs have in common.
#pragma once

#include <functional>

namespace tinyformer {

/// Runs the body after CatchInterrupts; main's exit status: the body's, 2 after an Error, 130 after
/// Interrupted, 1 after any other exception (our bug). Errors' texts go to standard error.
int RunMain(const std::function<int()>& body);

}  // namespace tinyformer
