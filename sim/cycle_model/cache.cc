#include "sim/cycle_model/cache.h"

#include <bit>

namespace tinyformer::cycle_model {
namespace {

constexpr uint32_t kGuesses = 1024;

}  // namespace

Cache::Cache(uint32_t bytes, uint32_t ways, uint32_t line_bytes, uint32_t miss_cycles)
    : ways_(ways),
      line_shift_(static_cast<uint32_t>(std::countr_zero(line_bytes))),
      miss_cycles_(miss_cycles),
      sets_(bytes / (ways * line_bytes)),
      lines_(sets_ * ways),
      guess_(kGuesses, 0) {}

uint32_t Cache::Read(uint32_t address) {
  uint32_t number = address >> line_shift_;
  uint32_t& guess = guess_[number % kGuesses];
  ++clock_;
  if (lines_[guess].number == number) {
    lines_[guess].used = clock_;
    return 0;
  }
  uint32_t first = (number % sets_) * ways_;
  uint32_t oldest = first;
  for (uint32_t i = first; i < first + ways_; ++i) {
    if (lines_[i].number == number) {
      lines_[i].used = clock_;
      guess = i;
      return 0;
    }
    if (lines_[i].used < lines_[oldest].used) oldest = i;
  }
  lines_[oldest] = {number, clock_};
  guess = oldest;
  return miss_cycles_;
}

}  // namespace tinyformer::cycle_model
