#include "sim/cycle_model/decode.h"

#include <algorithm>
#include <initializer_list>

namespace tinyformer::cycle_model {
namespace {

bool IsAny(unsigned id, std::initializer_list<unsigned> ids) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// r0..r15, s0..s31; -1 for everything else. A double register gives its first half.
int RegisterNumber(unsigned reg) {
  if (reg >= ARM_REG_R0 && reg <= ARM_REG_R12) return static_cast<int>(reg) - ARM_REG_R0;
  if (reg == ARM_REG_SP) return 13;
  if (reg == ARM_REG_LR) return 14;
  if (reg == ARM_REG_PC) return 15;
  if (reg >= ARM_REG_S0 && reg <= ARM_REG_S31) {
    return kFirstFloatRegister + static_cast<int>(reg) - ARM_REG_S0;
  }
  if (reg >= ARM_REG_D0 && reg <= ARM_REG_D15) {
    return kFirstFloatRegister + 2 * (static_cast<int>(reg) - ARM_REG_D0);
  }
  return -1;
}

bool IsDouble(unsigned reg) { return reg >= ARM_REG_D0 && reg <= ARM_REG_D15; }

bool IsCompare(unsigned id) {
  return IsAny(id, {ARM_INS_CMP, ARM_INS_CMN, ARM_INS_TST, ARM_INS_TEQ});
}

bool IsExtend(unsigned id) {
  return IsAny(
      id, {ARM_INS_SXTB, ARM_INS_SXTH, ARM_INS_SXTB16, ARM_INS_UXTB, ARM_INS_UXTH, ARM_INS_UXTB16});
}

bool IsExtendAdd(unsigned id) {
  return IsAny(id, {ARM_INS_SXTAB, ARM_INS_SXTAH, ARM_INS_SXTAB16, ARM_INS_UXTAB, ARM_INS_UXTAH,
                    ARM_INS_UXTAB16});
}

bool IsReverse(unsigned id) {
  return IsAny(id, {ARM_INS_REV, ARM_INS_REV16, ARM_INS_REVSH, ARM_INS_RBIT});
}

// Long multiplies write two registers; the accumulating ones read them too.
bool IsLongMultiply(unsigned id) {
  return IsAny(id, {ARM_INS_SMULL, ARM_INS_UMULL, ARM_INS_SMLAL, ARM_INS_UMLAL, ARM_INS_UMAAL,
                    ARM_INS_SMLALBB, ARM_INS_SMLALBT, ARM_INS_SMLALTB, ARM_INS_SMLALTT,
                    ARM_INS_SMLALD, ARM_INS_SMLALDX, ARM_INS_SMLSLD, ARM_INS_SMLSLDX});
}

bool IsMultiply(unsigned id) {
  return IsLongMultiply(id) ||
         IsAny(id, {ARM_INS_MUL,    ARM_INS_MLA,    ARM_INS_MLS,    ARM_INS_SMLABB, ARM_INS_SMLABT,
                    ARM_INS_SMLATB, ARM_INS_SMLATT, ARM_INS_SMLAD,  ARM_INS_SMLADX, ARM_INS_SMLSD,
                    ARM_INS_SMLSDX, ARM_INS_SMLAWB, ARM_INS_SMLAWT, ARM_INS_SMULBB, ARM_INS_SMULBT,
                    ARM_INS_SMULTB, ARM_INS_SMULTT, ARM_INS_SMULWB, ARM_INS_SMULWT, ARM_INS_SMUAD,
                    ARM_INS_SMUADX, ARM_INS_SMUSD,  ARM_INS_SMUSDX, ARM_INS_SMMUL,  ARM_INS_SMMULR,
                    ARM_INS_SMMLA,  ARM_INS_SMMLAR, ARM_INS_SMMLS,  ARM_INS_SMMLSR});
}

bool IsBitfield(unsigned id) {
  return IsExtend(id) || IsExtendAdd(id) || IsReverse(id) ||
         IsAny(id,
               {ARM_INS_BFI,     ARM_INS_BFC,     ARM_INS_SBFX,    ARM_INS_UBFX,    ARM_INS_PKHBT,
                ARM_INS_PKHTB,   ARM_INS_CLZ,     ARM_INS_SSAT,    ARM_INS_USAT,    ARM_INS_SSAT16,
                ARM_INS_USAT16,  ARM_INS_SADD8,   ARM_INS_SADD16,  ARM_INS_SSUB8,   ARM_INS_SSUB16,
                ARM_INS_UADD8,   ARM_INS_UADD16,  ARM_INS_USUB8,   ARM_INS_USUB16,  ARM_INS_QADD,
                ARM_INS_QSUB,    ARM_INS_QADD8,   ARM_INS_QADD16,  ARM_INS_QSUB8,   ARM_INS_QSUB16,
                ARM_INS_UQADD8,  ARM_INS_UQADD16, ARM_INS_UQSUB8,  ARM_INS_UQSUB16, ARM_INS_SHADD8,
                ARM_INS_SHADD16, ARM_INS_SHSUB8,  ARM_INS_SHSUB16, ARM_INS_UHADD8,  ARM_INS_UHADD16,
                ARM_INS_UHSUB8,  ARM_INS_UHSUB16, ARM_INS_SEL,     ARM_INS_USAD8,   ARM_INS_USADA8,
                ARM_INS_SASX,    ARM_INS_SSAX,    ARM_INS_UASX,    ARM_INS_USAX,    ARM_INS_QASX,
                ARM_INS_QSAX,    ARM_INS_QDADD,   ARM_INS_QDSUB});
}

bool IsSubWord(unsigned id) {
  return IsAny(
      id, {ARM_INS_LDRB, ARM_INS_LDRH, ARM_INS_LDRSB, ARM_INS_LDRSH, ARM_INS_STRB, ARM_INS_STRH});
}

bool IsFloatMultiplyAccumulate(unsigned id) {
  return IsAny(id, {ARM_INS_VMLA, ARM_INS_VMLS, ARM_INS_VFMA, ARM_INS_VFMS, ARM_INS_VNMLA,
                    ARM_INS_VNMLS, ARM_INS_VFNMA, ARM_INS_VFNMS});
}

Unit UnitOf(const cs_insn& insn) {
  unsigned id = insn.id;
  if (IsAny(id, {ARM_INS_NOP, ARM_INS_IT})) return Unit::kNone;
  if (IsAny(id, {ARM_INS_DSB, ARM_INS_ISB, ARM_INS_DMB, ARM_INS_BKPT, ARM_INS_MSR, ARM_INS_MRS,
                 ARM_INS_SVC, ARM_INS_UDF, ARM_INS_WFI, ARM_INS_CPS})) {
    return Unit::kSystem;
  }
  if (IsMultiply(id)) return Unit::kMultiply;
  if (IsBitfield(id)) return Unit::kBitfield;
  if (IsAny(id, {ARM_INS_LDR, ARM_INS_LDRB, ARM_INS_LDRH, ARM_INS_LDRSB, ARM_INS_LDRSH,
                 ARM_INS_VLDR, ARM_INS_PLD, ARM_INS_LDREX})) {
    return Unit::kLoad;
  }
  if (IsAny(id, {ARM_INS_LDRD, ARM_INS_LDM, ARM_INS_LDMDB, ARM_INS_POP, ARM_INS_VLDMIA,
                 ARM_INS_VLDMDB, ARM_INS_VPOP})) {
    return Unit::kLoadMultiple;
  }
  if (IsAny(id, {ARM_INS_STR, ARM_INS_STRB, ARM_INS_STRH, ARM_INS_VSTR, ARM_INS_STREX})) {
    return Unit::kStore;
  }
  if (IsAny(id, {ARM_INS_STRD, ARM_INS_STM, ARM_INS_STMDB, ARM_INS_PUSH, ARM_INS_VSTMIA,
                 ARM_INS_VSTMDB, ARM_INS_VPUSH})) {
    return Unit::kStoreMultiple;
  }
  if (IsAny(id, {ARM_INS_SDIV, ARM_INS_UDIV})) return Unit::kDivide;
  if (IsAny(id, {ARM_INS_VDIV, ARM_INS_VSQRT})) return Unit::kFloatDivide;
  if (IsFloatMultiplyAccumulate(id)) return Unit::kFloatMultiplyAccumulate;
  if (insn.mnemonic[0] == 'v') return Unit::kFloat;
  if (IsAny(id, {ARM_INS_B, ARM_INS_BL, ARM_INS_BX, ARM_INS_BLX, ARM_INS_CBZ, ARM_INS_CBNZ,
                 ARM_INS_TBB, ARM_INS_TBH})) {
    return Unit::kBranch;
  }
  if (IsAny(id, {ARM_INS_LSL, ARM_INS_LSR, ARM_INS_ASR, ARM_INS_ROR})) return Unit::kShift;
  return Unit::kAlu;
}

bool HasShift(const cs_arm_op& op) {
  return op.type == ARM_OP_REG && op.shift.type != ARM_SFT_INVALID && op.shift.value != 0;
}

// A constant that the decoder can make without the shifter: 8 bits, a byte pattern, or a plain
// 12/16-bit field.
bool IsSimpleConstant(unsigned id, int32_t constant) {
  uint32_t value = static_cast<uint32_t>(constant);
  return value < 256 || ~value < 256 || (value & 0xffff) == (value >> 16) ||
         (value < 4096 && IsAny(id, {ARM_INS_ADDW, ARM_INS_SUBW})) ||
         IsAny(id, {ARM_INS_MOVW, ARM_INS_MOVT, ARM_INS_ADR});
}

// Fills one Instruction from Capstone's operands.
class OperandReader {
 public:
  OperandReader(const cs_insn& insn, Instruction* out)
      : insn_(insn), arm_(insn.detail->arm), id_(insn.id), out_(*out) {}

  void Read() {
    ReadShape();
    for (int i = 0; i < arm_.op_count; ++i) ReadOperand(i);
    if (IsAny(id_, {ARM_INS_PUSH, ARM_INS_POP, ARM_INS_VPUSH, ARM_INS_VPOP})) {
      Source(13, Use::kAddress);
      out_.base_writeback.Add(13);
    }
    if (out_.call) out_.destinations.Add(14);
  }

 private:
  void ReadShape() {
    bool conditional = arm_.cc != ARM_CC_AL && arm_.cc != ARM_CC_INVALID;
    bool shifted = false, shifted_constant = false;
    for (int i = 0; i < arm_.op_count; ++i) {
      shifted |= HasShift(arm_.operands[i]);
      shifted_constant |=
          arm_.operands[i].type == ARM_OP_IMM && !IsSimpleConstant(id_, arm_.operands[i].imm);
    }
    if (out_.unit == Unit::kAlu && shifted && IsAny(id_, {ARM_INS_MOV})) out_.unit = Unit::kShift;
    out_.sub_word = IsSubWord(id_);
    out_.sets_flags = arm_.update_flags || IsCompare(id_);
    out_.reads_flags = conditional || IsAny(id_, {ARM_INS_SEL, ARM_INS_ADC, ARM_INS_SBC});
    out_.conditional_branch =
        out_.unit == Unit::kBranch && (conditional || IsAny(id_, {ARM_INS_CBZ, ARM_INS_CBNZ}));
    out_.call = IsAny(id_, {ARM_INS_BL, ARM_INS_BLX});
    bool plain = !shifted && !shifted_constant;
    out_.early_capable =
        out_.unit == Unit::kShift || IsReverse(id_) ||
        (out_.unit == Unit::kAlu && plain &&
         IsAny(id_, {ARM_INS_ADD, ARM_INS_ADDW, ARM_INS_SUB, ARM_INS_SUBW, ARM_INS_RSB, ARM_INS_MOV,
                     ARM_INS_MOVW, ARM_INS_MVN, ARM_INS_ADR}));
    bool shifting_bitfield = IsExtendAdd(id_) || IsReverse(id_) ||
                             IsAny(id_, {ARM_INS_BFI, ARM_INS_BFC, ARM_INS_SBFX, ARM_INS_UBFX,
                                         ARM_INS_PKHBT, ARM_INS_PKHTB});
    out_.uses_shifter = (out_.unit == Unit::kAlu && !plain) || shifting_bitfield;
  }

  void Source(int reg, Use use) {
    if (reg >= 0 && reg != 15) out_.sources.Add({static_cast<uint8_t>(reg), use});
  }

  void Destination(const cs_arm_op& op) {
    int reg = RegisterNumber(static_cast<unsigned>(op.reg));
    if (reg < 0 || reg == 15) return;
    out_.destinations.Add(static_cast<uint8_t>(reg));
    if (IsDouble(static_cast<unsigned>(op.reg)))
      out_.destinations.Add(static_cast<uint8_t>(reg + 1));
  }

  void ReadOperand(int i) {
    const cs_arm_op& op = arm_.operands[i];
    if (op.type == ARM_OP_MEM) {
      int base = RegisterNumber(op.mem.base);
      Source(base, Use::kAddress);
      Source(RegisterNumber(op.mem.index), Use::kAddress);
      if (arm_.writeback && base >= 0) out_.base_writeback.Add(static_cast<uint8_t>(base));
      return;
    }
    if (op.type != ARM_OP_REG) return;
    switch (out_.unit) {
      case Unit::kLoad:
      case Unit::kStore:
        Transfer(op, out_.unit == Unit::kLoad);
        return;
      case Unit::kLoadMultiple:
      case Unit::kStoreMultiple:
        ReadMultiple(i, op);
        return;
      case Unit::kMultiply:
        ReadMultiply(i, op);
        return;
      case Unit::kBitfield:
        ReadBitfield(i, op);
        return;
      default:
        ReadPlain(i, op);
    }
  }

  void Transfer(const cs_arm_op& op, bool load) {
    unsigned reg = static_cast<unsigned>(op.reg);
    out_.words += IsDouble(reg) ? 2 : 1;
    if (!load) return Source(RegisterNumber(reg), Use::kStoreData);
    Destination(op);
    out_.returns |= reg == ARM_REG_PC;
  }

  void ReadMultiple(int i, const cs_arm_op& op) {
    bool load = out_.unit == Unit::kLoadMultiple;
    bool pair = IsAny(id_, {ARM_INS_LDRD, ARM_INS_STRD});
    bool stack = IsAny(id_, {ARM_INS_PUSH, ARM_INS_POP, ARM_INS_VPUSH, ARM_INS_VPOP});
    if (i > 0 || pair || stack) return Transfer(op, load);
    int base = RegisterNumber(static_cast<unsigned>(op.reg));
    Source(base, Use::kAddress);
    if (arm_.writeback && base >= 0) out_.base_writeback.Add(static_cast<uint8_t>(base));
  }

  void ReadMultiply(int i, const cs_arm_op& op) {
    int reg = RegisterNumber(static_cast<unsigned>(op.reg));
    bool is_long = IsLongMultiply(id_);
    if (i < (is_long ? 2 : 1)) {
      Destination(op);
      if (is_long && !IsAny(id_, {ARM_INS_SMULL, ARM_INS_UMULL})) Source(reg, Use::kAccumulator);
      return;
    }
    Source(reg, !is_long && i == 3 ? Use::kAccumulator : Use::kMultiplicand);
  }

  void ReadBitfield(int i, const cs_arm_op& op) {
    int reg = RegisterNumber(static_cast<unsigned>(op.reg));
    if (i == 0) {
      Destination(op);
      if (id_ == ARM_INS_BFI || id_ == ARM_INS_BFC) Source(reg, Use::kLate);
      return;
    }
    bool last_register = i + 1 == arm_.op_count || arm_.operands[i + 1].type != ARM_OP_REG;
    bool extracted = IsExtendAdd(id_) || IsAny(id_, {ARM_INS_BFI, ARM_INS_PKHBT, ARM_INS_PKHTB});
    bool early = IsReverse(id_) || IsAny(id_, {ARM_INS_SBFX, ARM_INS_UBFX}) ||
                 (extracted && last_register) || id_ == ARM_INS_PKHTB;
    Source(reg, early ? Use::kEarly : Use::kLate);
  }

  void ReadPlain(int i, const cs_arm_op& op) {
    int reg = RegisterNumber(static_cast<unsigned>(op.reg));
    bool accumulates = out_.unit == Unit::kFloatMultiplyAccumulate && i == 0;
    bool writes = op.access & CS_AC_WRITE, reads = op.access & CS_AC_READ;
    if (op.access == 0) {
      writes = i == 0;
      reads = i != 0;
    }
    if (IsCompare(id_) || out_.unit == Unit::kBranch) {
      writes = false;
      reads = true;
      out_.returns |= id_ == ARM_INS_BX && reg == 14;
    }
    // Capstone lists "add r0, r1" (r0 += r1) as a write of r0 only.
    bool two_operand =
        i == 0 && arm_.op_count == 2 && out_.unit == Unit::kAlu &&
        !IsAny(id_, {ARM_INS_MOV, ARM_INS_MOVW, ARM_INS_MVN, ARM_INS_ADR, ARM_INS_RSB});
    if (writes) Destination(op);
    if (accumulates) return Source(reg, Use::kAccumulator);
    if (!reads && !(writes && two_operand)) return;
    Source(reg, out_.uses_shifter && HasShift(op) ? Use::kEarly : Use::kLate);
  }

  const cs_insn& insn_;
  const cs_arm& arm_;
  unsigned id_;
  Instruction& out_;
};

// Thumb-2: the first halfword's top five bits tell the length.
uint8_t ThumbLength(const uint8_t* code, size_t bytes) {
  return bytes >= 4 && (code[1] >> 3) >= 0x1d ? 4 : 2;
}

}  // namespace

Decoder::Decoder() {
  cs_open(CS_ARCH_ARM, static_cast<cs_mode>(CS_MODE_THUMB | CS_MODE_MCLASS), &handle_);
  cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
}

Decoder::~Decoder() { cs_close(&handle_); }

std::vector<Instruction> Decoder::Decode(const uint8_t* code, size_t bytes,
                                         uint32_t address) const {
  std::vector<Instruction> block;
  size_t done = 0;
  while (done < bytes) {
    cs_insn* list = nullptr;
    size_t count = cs_disasm(handle_, code + done, bytes - done, address + done, 0, &list);
    for (size_t i = 0; i < count; ++i) {
      Instruction instruction;
      instruction.pc = static_cast<uint32_t>(list[i].address);
      instruction.bytes = static_cast<uint8_t>(list[i].size);
      instruction.unit = UnitOf(list[i]);
      OperandReader(list[i], &instruction).Read();
      block.push_back(instruction);
      done += list[i].size;
    }
    if (count > 0) cs_free(list, count);
    if (done >= bytes) break;
    Instruction unknown;
    unknown.pc = static_cast<uint32_t>(address + done);
    unknown.bytes = ThumbLength(code + done, bytes - done);
    block.push_back(unknown);
    done += unknown.bytes;
  }
  return block;
}

}  // namespace tinyformer::cycle_model
