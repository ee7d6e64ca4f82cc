#include "sim/cycle_model/cortex_m7.h"

#include <algorithm>

namespace tinyformer::cycle_model {
namespace {

// SDIV, UDIV: several cycles, depends on the operands; a middle value
constexpr int kDivideCycles = 9;
constexpr int kFloatDivideCycles = 16;  // VDIV.F32
constexpr int kMispredictFast = 6;      // flags known at least three cycles before the branch
constexpr int kMispredictSlow = 8;
constexpr int kFlagsEarlyCycles = 3;
constexpr uint32_t kFetchBytes = 8;  // one aligned 64-bit fetch a cycle (Arm DDI 0489, PFU)

bool IsMultiple(Unit unit) { return unit == Unit::kLoadMultiple || unit == Unit::kStoreMultiple; }

bool IssuesAlone(Unit unit) {
  return IsMultiple(unit) || unit == Unit::kDivide || unit == Unit::kFloatDivide ||
         unit == Unit::kSystem;
}

bool IsFloat(Unit unit) { return unit == Unit::kFloat || unit == Unit::kFloatMultiplyAccumulate; }

bool IsMemory(Unit unit) { return unit == Unit::kLoad || unit == Unit::kStore || IsMultiple(unit); }

// Ready cycles in the order of Use: late, early, address, multiplicand, accumulator, store data.
std::array<uint64_t, kUseCount> ReadyAt(uint64_t late, uint64_t early, uint64_t address,
                                        uint64_t multiplicand, uint64_t accumulator,
                                        uint64_t store) {
  return {late, early, address, multiplicand, accumulator, store};
}

}  // namespace

void CortexM7::Issue(const Instruction& instruction, uint32_t next_pc, const Access* accesses,
                     int count) {
  uint64_t fetched = Fetched(instruction);
  uint64_t ready = std::max(OperandsReady(instruction), fetched);
  bool younger = slot_ == Slot::kYounger && ready <= cycle_ && Pairs(instruction, accesses, count);
  if (!younger) {
    if (slot_ == Slot::kYounger) ++cycle_;
    cycle_ = std::max(cycle_, ready);
  }
  uint64_t t = cycle_;
  WriteResults(instruction, t, younger);
  int delay = MemoryDelay(instruction, accesses, count, younger, t);
  if (IsMultiple(instruction.unit)) delay += std::max(0, (instruction.words + 1) / 2 - 1);
  if (instruction.unit == Unit::kDivide) delay += kDivideCycles - 1;
  if (instruction.unit == Unit::kFloatDivide) delay += kFloatDivideCycles - 2;

  bool taken = next_pc != instruction.pc + instruction.bytes;
  bool ends_group = younger || taken || delay > 0 || IssuesAlone(instruction.unit);
  next_in_line_ = instruction.pc + instruction.bytes;
  if (instruction.unit == Unit::kBranch || instruction.returns) {
    if (!predictor_.Predicts(instruction, next_pc)) {
      ++mispredictions_;
      bool fast = instruction.reads_flags && flags_set_ + kFlagsEarlyCycles <= t;
      delay += fast ? kMispredictFast : kMispredictSlow;
      ends_group = true;
      next_in_line_ = kNowhere;
    }
  }
  if (instruction.sets_flags) flags_set_ = t;
  cycle_ = t + static_cast<uint64_t>(delay) + (ends_group ? 1 : 0);
  fetch_restart_ = next_in_line_ == kNowhere ? cycle_ : std::max(fetched + 1, t);
  slot_ = ends_group ? Slot::kOlder : Slot::kYounger;
  older_unit_ = instruction.unit;
  older_uses_shifter_ = instruction.uses_shifter;
  older_address_ = count > 0 ? accesses[0].address : 0;
}

uint64_t CortexM7::Fetched(const Instruction& instruction) {
  if (instruction.pc != next_in_line_) {
    fetch_cycle_ = fetch_restart_;
    fetch_word_ = instruction.pc / kFetchBytes;
  }
  return fetch_cycle_ + (instruction.pc + instruction.bytes - 1) / kFetchBytes - fetch_word_;
}

uint64_t CortexM7::OperandsReady(const Instruction& instruction) const {
  uint64_t ready = cycle_;
  for (const Operand& operand : instruction.sources) {
    ready = std::max(ready, ready_[operand.reg][static_cast<int>(operand.use)]);
  }
  // A branch waits for its flags in a later stage; everything else reads them like an operand.
  if (instruction.reads_flags && instruction.unit != Unit::kBranch) {
    ready = std::max(ready, ready_[kFlags][static_cast<int>(Use::kLate)]);
  }
  return ready;
}

bool CortexM7::Pairs(const Instruction& instruction, const Access* accesses, int count) const {
  Unit a = older_unit_, b = instruction.unit;
  if (IssuesAlone(a) || IssuesAlone(b)) return false;
  if (a == Unit::kMultiply && b == Unit::kMultiply) return false;
  if (a == Unit::kStore && b == Unit::kStore) return false;
  if ((a == Unit::kMultiply && b == Unit::kStore) || (a == Unit::kStore && b == Unit::kMultiply)) {
    return false;
  }
  if (b == Unit::kBitfield) return false;  // only as the older instruction
  bool shifter_taken = older_uses_shifter_ || a == Unit::kShift;
  if (instruction.uses_shifter && shifter_taken) return false;
  if (a == Unit::kBranch && b == Unit::kBranch) return false;
  if (IsFloat(a) && IsFloat(b)) return false;
  if ((a == Unit::kFloatMultiplyAccumulate && IsMemory(b)) ||
      (IsMemory(a) && b == Unit::kFloatMultiplyAccumulate)) {
    return false;
  }
  if (a == Unit::kLoad && b == Unit::kLoad) {
    // Two loads go to the even and the odd word bank.
    return count == 0 || ((accesses[0].address ^ older_address_) & 4) != 0;
  }
  return true;
}

void CortexM7::WriteResults(const Instruction& instruction, uint64_t t, bool younger) {
  bool early = instruction.early_capable;
  // Adds, subtracts and moves enter the early ALU from the older slot only; shifts from either,
  // unless the other instruction uses the shifter.
  if (younger && (instruction.unit != Unit::kShift || older_uses_shifter_)) early = false;
  for (const Operand& operand : instruction.sources) {
    if (ready_[operand.reg][static_cast<int>(Use::kEarly)] > t) early = false;
  }
  Ready result = ReadyAt(t + 1, t + 2, t + 2, t + 1, t, t);  // late ALU
  switch (instruction.unit) {
    case Unit::kAlu:
    case Unit::kShift:
      if (early) result = ReadyAt(t, t + 1, t + 1, t, t, t);
      break;
    case Unit::kBitfield:
      if (early) result = ReadyAt(t, t + 2, t + 2, t, t, t);  // REV, RBIT
      break;
    case Unit::kMultiply:
      result = ReadyAt(t + 2, t + 3, t + 3, t + 2, t + 1, t + 1);
      break;
    case Unit::kLoad:
      result = instruction.sub_word ? ReadyAt(t + 2, t + 3, t + 3, t + 2, t + 1, t)
                                    : ReadyAt(t + 1, t + 2, t + 2, t + 2, t + 1, t);
      break;
    case Unit::kDivide:
      result.fill(t + kDivideCycles);
      break;
    case Unit::kFloat:
      result = ReadyAt(t + 3, t + 3, t + 3, t + 3, t + 3, t + 1);
      break;
    case Unit::kFloatMultiplyAccumulate:
      result = ReadyAt(t + 5, t + 5, t + 5, t + 5, t + 3, t + 3);
      break;
    case Unit::kFloatDivide:
      result.fill(t + kFloatDivideCycles);
      break;
    case Unit::kBranch:
      result.fill(t + 1);
      break;
    default:
      break;
  }
  int index = 0;
  for (uint8_t reg : instruction.destinations) {
    if (instruction.unit == Unit::kLoadMultiple) {
      uint64_t u = t + static_cast<uint64_t>(index / 2);
      result = ReadyAt(u + 1, u + 2, u + 2, u + 2, u + 1, u);
    }
    SetReady(reg, result);
    ++index;
  }
  if (instruction.sets_flags) SetReady(kFlags, ReadyAt(t + 1, t + 1, t + 1, t + 1, t + 1, t + 1));
  for (uint8_t reg : instruction.base_writeback) {
    SetReady(reg, ReadyAt(t, t + 2, t + 1, t, t, t));
  }
}

int CortexM7::MemoryDelay(const Instruction& instruction, const Access* accesses, int count,
                          bool younger, uint64_t t) {
  int delay = 0;
  for (int i = 0; i < count; ++i) {
    const Access& access = accesses[i];
    if (access.store) {
      delay += static_cast<int>(store_buffer_.Add(access, t));
    } else if (access.address % access.bytes != 0 && instruction.unit == Unit::kLoad) {
      ++unaligned_;
      delay += younger ? 4 : 3;
    }
  }
  bool misaligned_multiple = instruction.unit == Unit::kStoreMultiple && count > 0 &&
                             accesses[0].address % 8 != 0 && instruction.words % 2 == 0;
  if (misaligned_multiple) ++delay;
  if (delay > 0 && instruction.unit == Unit::kLoad) {
    for (uint8_t reg : instruction.destinations) {
      for (uint64_t& ready : ready_[reg]) ready += static_cast<uint64_t>(delay);
    }
  }
  return delay;
}

}  // namespace tinyformer::cycle_model
