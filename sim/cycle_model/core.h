// What the cycle models of the cores have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/cycle_model/instruction.h"

namespace tinyformer::cycle_model {

/// Feed it the executed instructions in order; it counts cycles of a memory that answers at once.
class Core {
 public:
  virtual ~Core() = default;

  /// instruction was executed and was followed by the one at next_pc; accesses are its loads and
  /// stores in order.
  virtual void Issue(const Instruction& instruction, uint32_t next_pc, const Access* accesses,
                     int count) = 0;

  /// Cycles so far; grows with every instruction or stays (when it pairs).
  virtual uint64_t cycles() const = 0;
  uint64_t mispredictions() const { return mispredictions_; }
  uint64_t unaligned() const { return unaligned_; }

 protected:
  uint64_t mispredictions_ = 0, unaligned_ = 0;
};

/// The model of a core by GCC's name for it, or nullptr: cortex-m4, cortex-m7.
std::unique_ptr<Core> MakeCore(const std::string& cpu);

}  // namespace tinyformer::cycle_model
