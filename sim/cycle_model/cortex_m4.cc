#include "sim/cycle_model/cortex_m4.h"

#include <algorithm>

namespace tinyformer::cycle_model {
namespace {

constexpr uint32_t kFetchBytes = 4;
constexpr uint64_t kDivideCycles = 7;  // 2 to 12, depends on the operands; a middle value
constexpr uint64_t kFloatMultiplyAccumulateCycles = 3, kFloatDivideCycles = 14;
constexpr uint64_t kRefillCycles = 1;          // behind a taken branch whose target is known early
constexpr uint64_t kRefillRegisterCycles = 2;  // BX, BLX, POP {..., PC}, TBB

bool IsFloatArithmetic(Unit unit) {
  return unit == Unit::kFloat || unit == Unit::kFloatMultiplyAccumulate ||
         unit == Unit::kFloatDivide;
}

int AddressRegisters(const Instruction& instruction) {
  int registers = 0;
  for (const Operand& operand : instruction.sources) registers += operand.use == Use::kAddress;
  return registers;
}

}  // namespace

void CortexM4::Issue(const Instruction& instruction, uint32_t next_pc, const Access* accesses,
                     int count) {
  const bool taken = next_pc != instruction.pc + instruction.bytes;
  const uint64_t start = Start(instruction);
  const uint64_t done = start + Duration(instruction, taken) + UnalignedDelay(accesses, count);
  for (uint8_t reg : instruction.destinations) {
    ready_[reg] = done + (IsFloatArithmetic(instruction.unit) ? 1 : 0);
  }
  for (uint8_t reg : instruction.base_writeback) ready_[reg] = start + 1;
  cycle_ = done;
  previous_ = instruction.unit == Unit::kLoad && !taken ? Previous::kLoad
              : instruction.unit == Unit::kStore        ? Previous::kStore
                                                        : Previous::kOther;
  next_in_line_ = instruction.pc + instruction.bytes;
}

uint64_t CortexM4::Start(const Instruction& instruction) {
  const bool load = instruction.unit == Unit::kLoad, store = instruction.unit == Unit::kStore;
  uint64_t start = cycle_;
  if (previous_ == Previous::kLoad && (load || store)) --start;
  if (previous_ == Previous::kStore && (load || instruction.unit == Unit::kLoadMultiple)) ++start;
  start = std::max(start, Fetched(instruction));
  for (const Operand& operand : instruction.sources) {
    // A store's data is needed a cycle after its address.
    const uint64_t ready = ready_[operand.reg];
    if (operand.use == Use::kAddress) {
      start = std::max(start, ready + 1);
    } else if (operand.use != Use::kStoreData) {
      start = std::max(start, ready);
    }
  }
  return start;
}

uint64_t CortexM4::Fetched(const Instruction& instruction) {
  if (instruction.pc != next_in_line_) {
    fetch_cycle_ = cycle_;
    fetch_word_ = instruction.pc / kFetchBytes;
  }
  return fetch_cycle_ + (instruction.pc + instruction.bytes - 1) / kFetchBytes - fetch_word_;
}

uint64_t CortexM4::Duration(const Instruction& instruction, bool taken) const {
  uint64_t cycles = 1;
  switch (instruction.unit) {
    case Unit::kLoad:
      cycles = 2;
      break;
    case Unit::kStore:
      cycles = AddressRegisters(instruction) > 1 ? 2 : 1;
      break;
    case Unit::kLoadMultiple:
    case Unit::kStoreMultiple:
      cycles = 1 + uint64_t{instruction.words};
      break;
    case Unit::kDivide:
      cycles = kDivideCycles;
      break;
    case Unit::kFloatMultiplyAccumulate:
      cycles = kFloatMultiplyAccumulateCycles;
      break;
    case Unit::kFloatDivide:
      cycles = kFloatDivideCycles;
      break;
    default:
      break;
  }
  if (!taken) return cycles;
  const bool direct = instruction.unit == Unit::kBranch &&
                      (instruction.conditional_branch || instruction.sources.size() == 0);
  return cycles + (direct ? kRefillCycles : kRefillRegisterCycles);
}

uint64_t CortexM4::UnalignedDelay(const Access* accesses, int count) {
  uint64_t delay = 0;
  for (int i = 0; i < count; ++i) {
    const uint32_t offset = accesses[i].address % accesses[i].bytes;
    if (offset == 0) continue;
    ++unaligned_;
    delay += offset % 2 == 0 || accesses[i].bytes == 2 ? 1 : 2;
  }
  return delay;
}

}  // namespace tinyformer::cycle_model
