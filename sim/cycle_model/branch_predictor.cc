#include "sim/cycle_model/branch_predictor.h"

#include <algorithm>

namespace tinyformer::cycle_model {

BranchPredictor::BranchPredictor() {
  counters_.fill(1);
  targets_.fill(0);
  return_stack_.fill(0);
}

bool BranchPredictor::Predicts(const Instruction& instruction, uint32_t next_pc) {
  uint32_t after = instruction.pc + instruction.bytes;
  if (instruction.conditional_branch) {
    uint8_t& counter = counters_[(instruction.pc >> 1) % kCounters];
    bool taken = next_pc != after;
    bool predicted_taken = counter >= 2;
    counter = static_cast<uint8_t>(std::clamp(counter + (taken ? 1 : -1), 0, 3));
    return predicted_taken == taken;
  }
  if (instruction.returns) {
    uint32_t& target = targets_[(instruction.pc >> 1) % kTargets];
    bool predicted = depth_ > 0 ? return_stack_[--depth_ % kReturns] == next_pc : target == next_pc;
    target = next_pc;
    return predicted;
  }
  if (instruction.call) {
    return_stack_[depth_++ % kReturns] = after;
  }
  return true;
}

}  // namespace tinyformer::cycle_model
