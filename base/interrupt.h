// Ctrl-C and SIGTERM as a flag that long work looks at, so that it can save before it stops.
#pragma once

namespace tinyformer {

/// From here on SIGINT and SIGTERM set a flag; a second SIGINT ends the process at once.
void CatchInterrupts();

/// True once a signal has come.
bool InterruptRequested();

/// Throws Interrupted when a signal has come.
void ThrowIfInterrupted();

}  // namespace tinyformer
