// Cycle estimate of the Cortex-M4 pipeline: in order, one instruction at a time, ideal memory.
#pragma once

#include <array>
#include <cstdint>

#include "sim/cycle_model/core.h"

namespace tinyformer::cycle_model {

/// Rules   Arm DDI 0439, tables 3-1 and 7-1: one cycle an instruction; a load of one register 2, of
///         which the next load or store may use the second; a store 1, with a register offset 2; n
///         registers n + 1; taken branches 2, through a register 3; VFMA 3, VDIV 14, and a
///         floating-point result one cycle later; half-aligned words one cycle more, odd ones two
/// Order   as measured on an STM32F407 (jnk0le/random, "cortex m3 and m4"): an address register
///         must be ready a cycle before it is used; a load waits a cycle behind a store
/// Fetch   one aligned word of 4 bytes a cycle, from the target of a taken branch on: a wide
///         instruction across two words there waits for the second
/// Not in  folded IT instructions; the operand-dependent time of divisions (2 to 12 cycles: 7);
///         wide loads across two words, which may lose the overlap
class CortexM4 : public Core {
 public:
  void Issue(const Instruction& instruction, uint32_t next_pc, const Access* accesses,
             int count) override;
  uint64_t cycles() const override { return cycle_ - kFirst; }

 private:
  // What the next instruction may share or has to wait for.
  enum class Previous : uint8_t { kOther, kLoad, kStore };

  uint64_t Start(const Instruction& instruction);
  uint64_t Fetched(const Instruction& instruction);
  uint64_t Duration(const Instruction& instruction, bool taken) const;
  uint64_t UnalignedDelay(const Access* accesses, int count);

  static constexpr uint64_t kFirst = 1;    // so that every register was ready a cycle before
  static constexpr uint32_t kNowhere = 1;  // no instruction has an odd address

  uint64_t cycle_ = kFirst;                       // when the last instruction is done
  std::array<uint64_t, kRegisterCount> ready_{};  // when each register has been written
  Previous previous_ = Previous::kOther;
  uint32_t next_in_line_ = kNowhere;  // where fetching goes on without a new start
  uint32_t fetch_word_ = 0;           // the word at which fetching last started anew
  uint64_t fetch_cycle_ = 0;          // when that word arrived
};

}  // namespace tinyformer::cycle_model
