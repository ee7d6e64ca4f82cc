// Cycle estimate of the Cortex-M7 pipeline: in order, two instructions a cycle, ideal memory.
#pragma once

#include <array>
#include <cstdint>

#include "sim/cycle_model/branch_predictor.h"
#include "sim/cycle_model/core.h"
#include "sim/cycle_model/instruction.h"
#include "sim/cycle_model/store_buffer.h"

namespace tinyformer::cycle_model {

/// Rules   pairing, forwarding and latencies as measured on an STM32H743 by jnk0le/random ("cortex
///         m7"), with Arm's pairing limits as in LLVM's ARMScheduleM7.td; docs/emulation.md lists
///         them and the checks
/// Fetch   aligned words of 8 bytes, one a cycle, so that fetching runs ahead of code that issues
///         less (the prefetch queue of four words is never the limit: no more than 8 bytes issue a
///         cycle). A taken branch starts anew with the word of its target, of which only what lies
///         behind the target counts: it arrives after the branch's word, and at the earliest with
///         the branch's issue
/// Ideal   every access takes one cycle apart from bank conflicts, unaligned addresses and a full
///         store buffer; caches and wait states are estimated apart (cache.h)
/// Not in  bus contention
class CortexM7 : public Core {
 public:
  void Issue(const Instruction& instruction, uint32_t next_pc, const Access* accesses,
             int count) override;
  uint64_t cycles() const override { return cycle_ + (slot_ == Slot::kYounger ? 1 : 0); }

 private:
  // The cycle from which a register can be used, by Use.
  using Ready = std::array<uint64_t, kUseCount>;
  // What is left of the current issue group.
  enum class Slot : uint8_t { kOlder, kYounger };

  // The cycle in which the instruction's last byte arrives.
  uint64_t Fetched(const Instruction& instruction);
  uint64_t OperandsReady(const Instruction& instruction) const;
  bool Pairs(const Instruction& instruction, const Access* accesses, int count) const;
  void WriteResults(const Instruction& instruction, uint64_t t, bool younger);
  int MemoryDelay(const Instruction& instruction, const Access* accesses, int count, bool younger,
                  uint64_t t);
  void SetReady(uint8_t reg, const Ready& ready) { ready_[reg] = ready; }

  static constexpr uint32_t kNowhere = 1;  // no instruction has an odd address

  uint64_t cycle_ = 0;
  uint32_t next_in_line_ = kNowhere;  // where fetching goes on without a new start
  uint32_t fetch_word_ = 0;           // the word at which fetching last started anew
  uint64_t fetch_cycle_ = 0;          // when that word arrived
  uint64_t fetch_restart_ = 0;        // when it would arrive if the last instruction were a branch
  Slot slot_ = Slot::kOlder;
  Unit older_unit_ = Unit::kNone;
  bool older_uses_shifter_ = false;
  uint32_t older_address_ = 0;
  std::array<Ready, kRegisterCount> ready_{};
  uint64_t flags_set_ = 0;
  StoreBuffer store_buffer_;
  BranchPredictor predictor_;
};

}  // namespace tinyformer::cycle_model
