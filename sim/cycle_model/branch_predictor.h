// Branch prediction of the cycle model: two-bit counters, a target table for returns and a return
// stack.
#pragma once

#include <array>
#include <cstdint>

#include "sim/cycle_model/instruction.h"

namespace tinyformer::cycle_model {

class BranchPredictor {
 public:
  BranchPredictor();

  /// Whether a branch at instruction.pc that went on at next_pc had been predicted; learns from it.
  ///
  /// Direct unconditional branches and calls are always predicted (the target is in the
  /// instruction).
  bool Predicts(const Instruction& instruction, uint32_t next_pc);

 private:
  static constexpr int kCounters = 512, kTargets = 256, kReturns = 8;

  std::array<uint8_t, kCounters> counters_;  // 0, 1: not taken; 2, 3: taken
  std::array<uint32_t, kTargets> targets_;
  std::array<uint32_t, kReturns> return_stack_;
  uint32_t depth_ = 0;
};

}  // namespace tinyformer::cycle_model
