#include "sim/cycle_model/cache.h"

namespace tinyformer::cycle_model {

Cache::Cache(uint32_t bytes, uint32_t ways, uint32_t line_bytes, uint32_t miss_cycles)
    : ways_(ways),
      line_bytes_(line_bytes),
      miss_cycles_(miss_cycles),
      sets_(bytes / (ways * line_bytes)),
      lines_(sets_ * ways) {}

uint32_t Cache::Read(uint32_t address) {
  uint32_t number = address / line_bytes_;
  if (number == last_line_) return 0;
  last_line_ = number;
  Line* set = &lines_[(number % sets_) * ways_];
  Line* oldest = set;
  ++clock_;
  for (Line* line = set; line < set + ways_; ++line) {
    if (line->number == number) {
      line->used = clock_;
      return 0;
    }
    if (line->used < oldest->used) oldest = line;
  }
  *oldest = {number, clock_};
  return miss_cycles_;
}

}  // namespace tinyformer::cycle_model
