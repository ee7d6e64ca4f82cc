#include "sim/cycle_model/cortex_m4.h"

#include <gtest/gtest.h>

#include "sim/cycle_model/testing_code.h"

namespace tinyformer::cycle_model {
namespace {

// Cycles of straight-line code at start; loads and stores are of words at address.
uint64_t Cycles(std::initializer_list<uint16_t> halfwords, uint32_t address = 0x20000000,
                uint32_t start = 0x1000) {
  CortexM4 core;
  for (const Instruction& i : Decode(halfwords, start)) {
    const bool load = i.unit == Unit::kLoad || i.unit == Unit::kLoadMultiple;
    const bool store = i.unit == Unit::kStore || i.unit == Unit::kStoreMultiple;
    const Access access{address, 4, store};
    core.Issue(i, i.pc + i.bytes, &access, load || store ? 1 : 0);
  }
  return core.cycles();
}

// Cycles of one iteration when the last instruction branches back to the first, at start.
uint64_t LoopCycles(std::initializer_list<uint16_t> halfwords, uint32_t start) {
  CortexM4 core;
  constexpr int kRepeats = 100;
  const std::vector<Instruction> body = Decode(halfwords, start);
  for (int i = 0; i < kRepeats; ++i) {
    for (const Instruction& instruction : body) {
      const bool last = &instruction == &body.back();
      core.Issue(instruction, last ? start : instruction.pc + instruction.bytes, nullptr, 0);
    }
  }
  return (core.cycles() + kRepeats / 2) / kRepeats;
}

TEST(CortexM4, OneInstructionACycle) {
  // add.w r0, r0, #1; smlad r1, r4, r5, r1; sxtb16 r2, r6, ror #8
  EXPECT_EQ(Cycles({0xf100, 0x0001, 0xfb24, 0x1105, 0xfa2f, 0xf296}), 3u);
}

TEST(CortexM4, LoadsInARowTakeOneMoreThanTheirNumber) {
  EXPECT_EQ(Cycles({0xf8d2, 0x4000}), 2u);                                  // ldr.w r4, [r2]
  EXPECT_EQ(Cycles({0xf8d2, 0x4000, 0xf8d3, 0x5000, 0xf8d2, 0x6004}), 4u);  // ... three of them
  EXPECT_EQ(Cycles({0xf8d2, 0x4000, 0xfb24, 0x0005}), 3u);                  // ... smlad with r4
  EXPECT_EQ(Cycles({0xf8d2, 0x4000, 0xf8c3, 0x5000}), 2u);                  // ... str.w r5, [r3]
}

TEST(CortexM4, StoresTakeOneCycleAndTwoWithARegisterOffset) {
  EXPECT_EQ(Cycles({0xf8c2, 0x4000, 0xf8c3, 0x5000}), 2u);  // str.w r4, [r2]; str.w r5, [r3]
  EXPECT_EQ(Cycles({0xf842, 0x4003}), 2u);                  // str.w r4, [r2, r3]
  EXPECT_EQ(Cycles({0xf8c2, 0x4000, 0xf8d3, 0x5000}), 4u);  // str.w, then ldr.w
}

TEST(CortexM4, AnAddressMustBeReadyACycleEarlier) {
  // add.w r2, r2, #4; ldr.w r4, [r2]
  EXPECT_EQ(Cycles({0xf102, 0x0204, 0xf8d2, 0x4000}), 1u + 1u + 2u);
  // ldr.w r4, [r2], #4 twice: on one base, then on two
  EXPECT_EQ(Cycles({0xf852, 0x4b04, 0xf852, 0x5b04}), 4u);
  EXPECT_EQ(Cycles({0xf852, 0x4b04, 0xf853, 0x5b04}), 3u);
}

TEST(CortexM4, UnalignedWordsTakeMoreTransfers) {
  EXPECT_EQ(Cycles({0xf8d2, 0x4000}, 0x20000002), 3u);
  EXPECT_EQ(Cycles({0xf8d2, 0x4000}, 0x20000001), 4u);
}

TEST(CortexM4, MultipleTransfersTakeOneCycleMoreThanRegisters) {
  EXPECT_EQ(Cycles({0xe892, 0x00f0}), 5u);  // ldmia.w r2, {r4-r7}
  EXPECT_EQ(Cycles({0xe9d2, 0x4500}), 3u);  // ldrd r4, r5, [r2]
  EXPECT_EQ(Cycles({0xb570}), 5u);          // push {r4, r5, r6, lr}
}

TEST(CortexM4, SlowInstructionsHaveTheirLatency) {
  EXPECT_EQ(Cycles({0xfbb4, 0xf0f5}), 7u);                  // udiv r0, r4, r5
  EXPECT_EQ(Cycles({0xeea0, 0x0a81}), 3u);                  // vfma.f32 s0, s1, s2
  EXPECT_EQ(Cycles({0xee30, 0x0a81, 0xee30, 0x0a00}), 3u);  // vadd.f32 twice, on its result
}

TEST(CortexM4, TakenBranchesRefillAndAWideTargetAcrossTwoWordsWaits) {
  // add.w r0, r0, #1; bne.n
  EXPECT_EQ(LoopCycles({0xf100, 0x0001, 0xd1fc}, 0x1000), 3u);
  EXPECT_EQ(LoopCycles({0xf100, 0x0001, 0xd1fc}, 0x1002), 4u);
  // adds r0, #1; bne.n
  EXPECT_EQ(LoopCycles({0x3001, 0xd1fd}, 0x1002), 3u);
  EXPECT_EQ(LoopCycles({0x3001, 0x4770}, 0x1000), 4u);  // bx lr
}

}  // namespace
}  // namespace tinyformer::cycle_model
