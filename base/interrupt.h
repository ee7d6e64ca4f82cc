// Ctrl-C, SIGTERM and SIGHUP as a flag that long work looks at, so that it can save before it
// stops.
#pragma once

namespace tinyformer {

/// From here on SIGINT, SIGTERM and SIGHUP set a flag; a second SIGINT ends the process at once. A
/// write beyond the limit of file sizes fails like any other.
void CatchInterrupts();

/// True once a signal has come, and nobody holds it.
bool InterruptRequested();

/// Throws Interrupted when a signal has come, and nobody holds it.
void ThrowIfInterrupted();

/// While one lives, no thread sees that a signal has come: for short work that is done wholly or
/// not at all.
class HoldInterrupts {
 public:
  HoldInterrupts();
  ~HoldInterrupts();
  HoldInterrupts(const HoldInterrupts&) = delete;
  HoldInterrupts& operator=(const HoldInterrupts&) = delete;
};

}  // namespace tinyformer
