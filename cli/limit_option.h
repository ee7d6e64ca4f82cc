// What --limit of `search` and `compile` means.
#pragma once

#include <cstdint>
#include <string>

#include "search/limits.h"

namespace tinyformer {

/// The target's limits with those of "flash=980kB,ram=300KiB,latency=50ms" in their place, each at
/// most once and in any order; "" changes nothing.
///
/// Units   bytes, or kB, MB (1000), KiB, MiB (1024); latency: cycles, ms, s at clock_hz, which is 0
///         for a target whose cycles nobody estimates before it is built
/// Errors  cli/limit (a name, number or unit that is none; more than the target has; a latency
///         without a clock)
SearchLimits ParseLimits(const std::string& text, const SearchLimits& target, uint64_t clock_hz);

}  // namespace tinyformer
