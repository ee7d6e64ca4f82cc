// The store buffer of the cycle model: stores wait in it while their memory bank works.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sim/cycle_model/instruction.h"

namespace tinyformer::cycle_model {

/// Five entries in front of two word banks. A word takes its bank one cycle; a byte or half is
/// merged by a read-modify-write, four cycles; an unaligned store takes both banks four cycles.
///
/// Published for back-to-back stores  byte or half to one bank 4 cycles, to alternating banks 2,
///                                    bytes with stride one 2.4 (here 2), unaligned 4
///                                    (jnk0le/random, cortex_m7.md)
class StoreBuffer {
 public:
  /// Accepts a store that is issued at cycle t; returns how many cycles it has to wait for a free
  /// entry.
  uint64_t Add(const Access& store, uint64_t t) {
    uint64_t& entry = *std::min_element(entries_.begin(), entries_.end());
    uint64_t wait = entry > t ? entry - t : 0;
    bool unaligned = store.address % store.bytes != 0;
    uint64_t cycles = unaligned || store.bytes < 4 ? 4 : 1;
    size_t bank = (store.address >> 2) & 1;
    uint64_t start = std::max(t + wait, banks_[bank]);
    if (unaligned) start = std::max(start, banks_[1 - bank]);
    entry = banks_[bank] = start + cycles;
    if (unaligned) banks_[1 - bank] = entry;
    return wait;
  }

 private:
  std::array<uint64_t, 5> entries_{};  // when each becomes free
  std::array<uint64_t, 2> banks_{};
};

}  // namespace tinyformer::cycle_model
