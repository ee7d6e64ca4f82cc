#include "search/refusals.h"

namespace tinyformer {

std::string LimitsText(const SearchLimits& limits) {
  return "flash " + std::to_string(limits.flash_bytes) + " B, RAM " +
         std::to_string(limits.ram_bytes) + " B" +
         (limits.cycles == 0 ? "" : ", " + std::to_string(limits.cycles) + " cycles");
}

bool Refusals::Admits(const ResourceUse& use, const SearchLimits& limits) {
  const double share = LargestShare(use, limits);
  if (drawn_ == 0 || share < nearest_share_) {
    nearest_share_ = share;
    nearest_ = use;
  }
  ++drawn_;
  flash_ += use.flash_bytes > limits.flash_bytes;
  ram_ += use.sram_peak_bytes > limits.ram_bytes;
  has_latency_ = limits.cycles != 0;
  cycles_ += has_latency_ && use.cycles > limits.cycles;
  return Fits(use, limits);
}

std::string Refusals::Text() const {
  return "of " + std::to_string(drawn_) + " networks flash refuses " + std::to_string(flash_) +
         ", RAM " + std::to_string(ram_) +
         (has_latency_ ? ", latency " + std::to_string(cycles_) : "") +
         "; the nearest takes flash " + std::to_string(nearest_.flash_bytes) + " B, RAM " +
         std::to_string(nearest_.sram_peak_bytes) + " B, " + std::to_string(nearest_.cycles) +
         " cycles";
}

}  // namespace tinyformer
