// What the cycle model needs to know about one Thumb-2 instruction.
#pragma once

#include <array>
#include <cstdint>

namespace tinyformer::cycle_model {

/// Registers as small numbers: r0..r15, then s0..s31 (a double takes two), then the flags.
inline constexpr int kFirstFloatRegister = 16;
inline constexpr int kFlags = 48;
inline constexpr int kRegisterCount = 49;

/// Which part of the core executes an instruction; decides latency and pairing.
enum class Unit : uint8_t {
  kNone,  ///< NOP, IT: takes an issue slot, nothing else
  kAlu,
  kShift,     ///< a shift or rotation on its own (LSL, ASR, ROR...)
  kBitfield,  ///< extensions, bit fields, packing, saturation, SIMD within a register
  kMultiply,
  kLoad,
  kLoadMultiple,  ///< LDM, POP, LDRD
  kStore,
  kStoreMultiple,  ///< STM, PUSH, STRD
  kBranch,
  kDivide,
  kFloat,
  kFloatMultiplyAccumulate,
  kFloatDivide,
  kSystem,  ///< barriers, MSR, BKPT, and whatever could not be decoded: issues alone
};

/// At which point of the pipeline an operand is needed.
enum class Use : uint8_t {
  kLate,          ///< by the late ALU: the usual case
  kEarly,         ///< one stage earlier: shifted operands, bit-field sources
  kAddress,       ///< by the address generator
  kMultiplicand,  ///< by the multiplier
  kAccumulator,   ///< by the adder behind the multiplier
  kStoreData,     ///< by the store buffer
};
inline constexpr int kUseCount = 6;

struct Operand {
  uint8_t reg;
  Use use;
};

/// A vector of fixed capacity; what does not fit is dropped (no instruction has more operands).
template <typename T, int kCapacity>
class FixedVector {
 public:
  void Add(T value) {
    if (size_ < kCapacity) values_[size_++] = value;
  }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + size_; }
  int size() const { return size_; }

 private:
  std::array<T, kCapacity> values_{};
  int size_ = 0;
};

struct Instruction {
  uint32_t pc = 0;
  uint8_t bytes = 2;
  Unit unit = Unit::kSystem;
  bool early_capable = false;  ///< the early ALU can execute it: result forwarded within the cycle
  bool uses_shifter = false;   ///< inline shifted operand, shifted constant, bit-field shifter
  bool sub_word = false;       ///< byte or half load or store
  bool sets_flags = false;
  bool reads_flags = false;  ///< conditional (IT block, conditional branch, SEL, ADC...)
  bool conditional_branch = false;
  bool call = false;
  bool returns = false;  ///< BX LR, POP {..., PC}
  uint8_t words = 0;     ///< registers moved by a load or store multiple
  FixedVector<Operand, 20> sources;
  FixedVector<uint8_t, 18> destinations;
  FixedVector<uint8_t, 2> base_writeback;  ///< address registers that the instruction updates
};

/// One load or store that an instruction did.
struct Access {
  uint32_t address;
  uint8_t bytes;
  bool store;
};

}  // namespace tinyformer::cycle_model
