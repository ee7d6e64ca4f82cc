// Which limits refuse how many networks, for the error that says that nothing fits.
#pragma once

#include <cstdint>
#include <string>

#include "search/limits.h"

namespace tinyformer {

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

}  // namespace tinyformer
