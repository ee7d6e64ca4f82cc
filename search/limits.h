// What a network may cost: limits of the target or tighter ones, and by how much a network exceeds
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/json.h"
#include "compiler/cost/cost.h"
#include "search/genome.h"

namespace tinyformer {

/// What a network costs on its board.
using PriceFunction = std::function<ResourceUse(const Genome&)>;

/// What a network may cost on its board: the most that is allowed of each.
/// Source  SPEC section 3, constraints
struct SearchLimits {
  int64_t flash_bytes = 0;  // of the whole firmware
  int64_t ram_bytes = 0;    // arena, stack and static data
  int64_t cycles = 0;       // estimated, of one inference; 0: any number
  bool operator==(const SearchLimits&) const = default;
};

/// Whether all limits are kept.
bool Fits(const ResourceUse& use, const SearchLimits& limits);

/// "flash 980000 B, RAM 307200 B", and cycles where they are limited.
std::string LimitsText(const SearchLimits& limits);

/// Which limit refused how many of the networks that were drawn, and what came nearest.
class Refusals {
 public:
  /// Fits, and counted.
  bool Admits(const ResourceUse& use, const SearchLimits& limits);
  /// "of 500 networks flash refuses 480, RAM 30; the nearest takes flash ... B, RAM ... B, ...
  /// cycles"; cycles refuse only where they are limited.
  std::string Text() const;

 private:
  int64_t drawn_ = 0, flash_ = 0, ram_ = 0, cycles_ = 0;
  bool has_latency_ = false;
  double nearest_share_ = 0;
  ResourceUse nearest_;
};

/// The largest use as a multiple of its limit: at most 1 when everything fits.
double LargestShare(const ResourceUse& use, const SearchLimits& limits);

/// The target's limits with those of "flash=980kB,ram=300KiB,latency=50ms" in their place, each at
/// most once and in any order; "" changes nothing.
///
/// Units   bytes, or kB, MB (1000), KiB, MiB (1024); latency: cycles, ms, s at clock_hz, which is 0
///         for a target whose cycles nobody estimates before it is built
/// Errors  search/limit (a name, number or unit that is none; more than the target has; a latency
///         without a clock)
SearchLimits ParseLimits(const std::string& text, const SearchLimits& target, uint64_t clock_hz);

/// {"flash_bytes", "ram_bytes", "cycles"}; cycles is null when any number is allowed.
Json ToJson(const SearchLimits& limits);

}  // namespace tinyformer
