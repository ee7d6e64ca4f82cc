#include "search/limits.h"

#include <algorithm>

namespace tinyformer {
namespace {

double Share(int64_t use, int64_t limit) {
  return static_cast<double>(use) / static_cast<double>(std::max<int64_t>(limit, 1));
}

}  // namespace

bool Fits(const ResourceUse& use, const SearchLimits& limits) {
  return use.flash_bytes <= limits.flash_bytes && use.sram_peak_bytes <= limits.ram_bytes &&
         (limits.cycles == 0 || use.cycles <= limits.cycles);
}

double LargestShare(const ResourceUse& use, const SearchLimits& limits) {
  return std::max({Share(use.flash_bytes, limits.flash_bytes),
                   Share(use.sram_peak_bytes, limits.ram_bytes),
                   limits.cycles == 0 ? 0.0 : Share(use.cycles, limits.cycles)});
}

Json ToJson(const SearchLimits& limits) {
  return {{"flash_bytes", limits.flash_bytes},
          {"ram_bytes", limits.ram_bytes},
          {"cycles", limits.cycles == 0 ? Json() : Json(limits.cycles)}};
}

}  // namespace tinyformer
