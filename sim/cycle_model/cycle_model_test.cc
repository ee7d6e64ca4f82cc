#include <gtest/gtest.h>

#include <initializer_list>

#include "sim/cycle_model/cache.h"
#include "sim/cycle_model/cortex_m7.h"
#include "sim/cycle_model/testing_code.h"

namespace tinyformer::cycle_model {
namespace {

// Cycles a repetition of straight-line code takes in the long run; the n-th memory instruction uses
// addresses[n].
double CyclesEach(std::initializer_list<uint16_t> halfwords,
                  const std::vector<uint32_t>& addresses = {}) {
  std::vector<Instruction> body = Decode(halfwords);
  CortexM7 pipeline;
  constexpr int kRepeats = 1000;
  for (int i = 0; i < kRepeats; ++i) {
    size_t next = 0;
    for (const Instruction& instruction : body) {
      Access access{};
      bool load = instruction.unit == Unit::kLoad || instruction.unit == Unit::kLoadMultiple;
      bool store = instruction.unit == Unit::kStore || instruction.unit == Unit::kStoreMultiple;
      if (load || store) {
        uint32_t address = addresses.empty() ? 0x20000000 : addresses[next++ % addresses.size()];
        access = {address, static_cast<uint8_t>(instruction.sub_word ? 1 : 4), store};
      }
      pipeline.Issue(instruction, instruction.pc + instruction.bytes, &access, load || store);
    }
  }
  return static_cast<double>(pipeline.cycles()) / kRepeats;
}

// Cycles an iteration takes in the long run when the last instruction branches back to the first,
// which lies at start.
double LoopCycles(std::initializer_list<uint16_t> halfwords, uint32_t start) {
  std::vector<Instruction> body = Decode(halfwords, start);
  CortexM7 pipeline;
  constexpr int kRepeats = 1000;
  for (int i = 0; i < kRepeats; ++i) {
    for (const Instruction& instruction : body) {
      bool last = &instruction == &body.back();
      pipeline.Issue(instruction, last ? start : instruction.pc + instruction.bytes, nullptr, 0);
    }
  }
  return static_cast<double>(pipeline.cycles()) / kRepeats;
}

constexpr double kTolerance = 0.01;  // the first repetition starts with an empty pipeline

TEST(CortexM7, IndependentAddsPair) {
  // add.w r0, r0, #1; add.w r1, r1, #1
  EXPECT_NEAR(CyclesEach({0xf100, 0x0001, 0xf101, 0x0101}), 1, kTolerance);
}

TEST(CortexM7, OnlyOneInlineShiftACycle) {
  // add.w r0, r4, r5, lsl #3; add.w r1, r4, r5, lsl #3
  EXPECT_NEAR(CyclesEach({0xeb04, 0x00c5, 0xeb04, 0x01c5}), 2, kTolerance);
}

TEST(CortexM7, OneMultiplyACycleAlsoWhenChainedOnTheAccumulator) {
  // smlad r0, r4, r5, r0; smlad r1, r4, r5, r1, then both on r0
  EXPECT_NEAR(CyclesEach({0xfb24, 0x0005, 0xfb24, 0x1105}), 2, kTolerance);
  EXPECT_NEAR(CyclesEach({0xfb24, 0x0005, 0xfb24, 0x0005}), 2, kTolerance);
}

TEST(CortexM7, AMultiplyPairsWithALoadButNotWithAStore) {
  // smlad r0, r4, r5, r0; ldr.w r6, [r2] or str.w r4, [r2]
  EXPECT_NEAR(CyclesEach({0xfb24, 0x0005, 0xf8d2, 0x6000}), 1, kTolerance);
  EXPECT_NEAR(CyclesEach({0xfb24, 0x0005, 0xf8c2, 0x4000}), 2, kTolerance);
}

TEST(CortexM7, ALoadedWordFeedsTheAluNextCycleAndAMultiplyOneLater) {
  // ldr.w r4, [r2]; orr.w r0, r0, r4
  EXPECT_NEAR(CyclesEach({0xf8d2, 0x4000, 0xea40, 0x0004}), 1, kTolerance);
  // ldr.w r4, [r2]; smlad r0, r4, r5, r0
  EXPECT_NEAR(CyclesEach({0xf8d2, 0x4000, 0xfb24, 0x0005}), 2, kTolerance);
}

TEST(CortexM7, ALoadedByteIsOneCycleLater) {
  // ldrb.w r4, [r2]; orr.w r0, r0, r4
  EXPECT_NEAR(CyclesEach({0xf892, 0x4000, 0xea40, 0x0004}), 2, kTolerance);
}

TEST(CortexM7, ALoadedAddressIsUsedTwoCyclesLater) {
  EXPECT_NEAR(CyclesEach({0xf8d2, 0x2000}), 2, kTolerance);  // ldr.w r2, [r2]
}

TEST(CortexM7, TwoLoadsPairOnDifferentBanksOnly) {
  // ldr.w r4, [r2]; ldr.w r5, [r3]
  std::initializer_list<uint16_t> loads = {0xf8d2, 0x4000, 0xf8d3, 0x5000};
  EXPECT_NEAR(CyclesEach(loads, {0x20000000, 0x20000004}), 1, kTolerance);
  EXPECT_NEAR(CyclesEach(loads, {0x20000000, 0x20000008}), 2, kTolerance);
}

TEST(CortexM7, OneStoreACycleBesideALoad) {
  // str.w r4, [r2]; str.w r5, [r3], then ldr.w r4, [r2]; str.w r5, [r3]
  EXPECT_NEAR(CyclesEach({0xf8c2, 0x4000, 0xf8c3, 0x5000}), 2, kTolerance);
  EXPECT_NEAR(CyclesEach({0xf8d2, 0x4000, 0xf8c3, 0x5000}), 1, kTolerance);
}

TEST(CortexM7, ByteStoresFillTheStoreBuffer) {
  // strb.w r0, [r2]; strb.w r0, [r2]: to one bank, then to both in turn
  std::initializer_list<uint16_t> stores = {0xf882, 0x0000, 0xf882, 0x0000};
  EXPECT_NEAR(CyclesEach(stores), 8, 2 * kTolerance);
  EXPECT_NEAR(CyclesEach(stores, {0x20000000, 0x20000004}), 4, 2 * kTolerance);
  // eight of them, stride one: 2.4 published, the model gives 2
  EXPECT_NEAR(CyclesEach({0xf882, 0x0000, 0xf882, 0x0000, 0xf882, 0x0000, 0xf882, 0x0000, 0xf882,
                          0x0000, 0xf882, 0x0000, 0xf882, 0x0000, 0xf882, 0x0000},
                         {0x20000000, 0x20000001, 0x20000002, 0x20000003, 0x20000004, 0x20000005,
                          0x20000006, 0x20000007}) /
                  8,
              2, kTolerance);
}

TEST(CortexM7, MultipleTransfersTakeHalfACycleARegister) {
  EXPECT_NEAR(CyclesEach({0xe9d2, 0x4500}), 1, kTolerance);  // ldrd r4, r5, [r2]
  EXPECT_NEAR(CyclesEach({0xe892, 0x00f0}), 2, kTolerance);  // ldmia.w r2, {r4-r7}
  EXPECT_NEAR(CyclesEach({0xb570}), 2, kTolerance);          // push {r4, r5, r6, lr}
}

TEST(CortexM7, AnUnalignedLoadCostsThreeOrFourCyclesMore) {
  // ldr.w r4, [r2] alone is always the older one
  EXPECT_NEAR(CyclesEach({0xf8d2, 0x4000}, {0x20000001}), 4, kTolerance);
  // add.w r0, r0, #1; ldr.w r4, [r2]: the younger one
  EXPECT_NEAR(CyclesEach({0xf100, 0x0001, 0xf8d2, 0x4000}, {0x20000001}), 5, kTolerance);
}

TEST(CortexM7, BitFieldsGoAsTheOlderInstruction) {
  // sxtb16 r4, r6; sxtb16 r5, r6, ror #8
  EXPECT_NEAR(CyclesEach({0xfa2f, 0xf486, 0xfa2f, 0xf596}), 2, kTolerance);
  // sxtb16 r4, r6; smlad r0, r1, r5, r0
  EXPECT_NEAR(CyclesEach({0xfa2f, 0xf486, 0xfb21, 0x0005}), 1, kTolerance);
  // sxtb16 r4, r6; smlad r0, r4, r5, r0: the multiply waits one cycle
  EXPECT_NEAR(CyclesEach({0xfa2f, 0xf486, 0xfb24, 0x0005}), 2, kTolerance);
}

TEST(CortexM7, PlainExtensionsLeaveTheShifterFreeAndTakeLateResults) {
  // uxtb.w r4, r2, ror #16; eor.w r5, r5, r6, ror #24
  EXPECT_NEAR(CyclesEach({0xfa5f, 0xf4a2, 0xea85, 0x6536}), 1, kTolerance);
  // eor.w r3, r3, r4; uxtb.w r3, r3, then uxtab r3, r4, r3 in its place, which shifts r3
  EXPECT_NEAR(CyclesEach({0xea83, 0x0304, 0xfa5f, 0xf383}), 2, kTolerance);
  EXPECT_NEAR(CyclesEach({0xea83, 0x0304, 0xfa54, 0xf383}), 3, kTolerance);
}

// Seven add.w on different registers and a bne.w: 32 bytes, 4 issue groups.
const std::initializer_list<uint16_t> kWideLoop = {0xf100, 0x0001, 0xf101, 0x0101, 0xf102, 0x0201,
                                                   0xf103, 0x0301, 0xf104, 0x0401, 0xf105, 0x0501,
                                                   0xf106, 0x0601, 0xf47f, 0xaff0};

TEST(CortexM7, ALoopOfWideInstructionsTakesACycleForEachWordItTouches) {
  EXPECT_NEAR(LoopCycles(kWideLoop, 0x1000), 4, 2 * kTolerance);
  for (uint32_t start : {0x1002u, 0x1004u, 0x1006u}) {
    EXPECT_NEAR(LoopCycles(kWideLoop, start), 5, 2 * kTolerance) << std::hex << start;
  }
}

TEST(CortexM7, ALoopThatStartsAtTheEndOfAWordWaitsForTheNext) {
  // subs r0, #1; bne: one cycle unless the bne lies in the next word, as seen on an STM32H7
  for (uint32_t start : {0x1000u, 0x1002u, 0x1004u}) {
    EXPECT_NEAR(LoopCycles({0x3801, 0xd1fd}, start), 1, kTolerance) << std::hex << start;
  }
  EXPECT_NEAR(LoopCycles({0x3801, 0xd1fd}, 0x1006), 2, kTolerance);
}

TEST(CortexM7, FetchingIsAheadOfNarrowInstructions) {
  // seven adds r, #1 and a bne: 16 bytes, 4 issue groups
  for (uint32_t start : {0x1000u, 0x1002u, 0x1004u, 0x1006u}) {
    EXPECT_NEAR(LoopCycles({0x3001, 0x3101, 0x3201, 0x3301, 0x3401, 0x3501, 0x3601, 0xd1f7}, start),
                4, 2 * kTolerance)
        << std::hex << start;
  }
}

TEST(CortexM7, FetchingRunsAheadWhileTheCoreWaits) {
  // udiv r0, r4, r5, then eight add.w: from 0x1006 the division waits a cycle for its second half;
  // while it divides the rest arrives, so that no pair waits although all lie across two words
  for (uint32_t start : {0x1000u, 0x1006u}) {
    CortexM7 pipeline;
    for (const Instruction& i :
         Decode({0xfbb4, 0xf0f5, 0xf101, 0x0101, 0xf102, 0x0201, 0xf103, 0x0301, 0xf104, 0x0401,
                 0xf105, 0x0501, 0xf106, 0x0601, 0xf107, 0x0701, 0xf108, 0x0801},
                start)) {
      pipeline.Issue(i, i.pc + i.bytes, nullptr, 0);
    }
    EXPECT_EQ(pipeline.cycles(), 9u + 4u + (start == 0x1006u ? 1u : 0u));
  }
}

TEST(CortexM7, AMispredictedBranchFetchesAnew) {
  // bne.w, not predicted as taken, to two add.w at target
  auto cycles = [](uint32_t target) {
    CortexM7 pipeline;
    pipeline.Issue(Decode({0xf47f, 0xaffe})[0], target, nullptr, 0);
    for (const Instruction& i : Decode({0xf100, 0x0001, 0xf101, 0x0101}, target)) {
      pipeline.Issue(i, i.pc + i.bytes, nullptr, 0);
    }
    return pipeline.cycles();
  };
  EXPECT_EQ(cycles(0x2000), cycles(0x2004) - 1);  // the second add.w lies in the next word
  EXPECT_EQ(cycles(0x2000), cycles(0x2006) - 1);  // both do; then they pair
}

TEST(CortexM7, DivisionsAndFloatsHaveTheirLatency) {
  EXPECT_NEAR(CyclesEach({0xfbb4, 0xf0f5}), 9, kTolerance);  // udiv r0, r4, r5
  EXPECT_NEAR(CyclesEach({0xee30, 0x0a81}), 1, kTolerance);  // vadd.f32 s0, s1, s2
  EXPECT_NEAR(CyclesEach({0xeea0, 0x0a81}), 3, kTolerance);  // vfma.f32 s0, s1, s2: chained
}

TEST(Decoder, ItBlocksMakeTheNextInstructionConditional) {
  std::vector<Instruction> block = Decode({0x2800, 0xbf08, 0x3101});  // cmp r0, #0; it eq; addeq
  ASSERT_EQ(block.size(), 3u);
  EXPECT_TRUE(block[0].sets_flags);
  EXPECT_EQ(block[1].unit, Unit::kNone);
  EXPECT_TRUE(block[2].reads_flags);
  EXPECT_FALSE(block[2].sets_flags);
}

TEST(Decoder, BranchesAreToldApart) {
  EXPECT_TRUE(Decode({0xf47f, 0xaffe})[0].conditional_branch);  // bne.w
  EXPECT_TRUE(Decode({0xf7ff, 0xfffe})[0].call);                // bl
  EXPECT_TRUE(Decode({0x4770})[0].returns);                     // bx lr
  EXPECT_TRUE(Decode({0xbd10})[0].returns);                     // pop {r4, pc}
  EXPECT_EQ(Decode({0xbd10})[0].words, 2);
}

TEST(Decoder, OperandsHaveTheirStage) {
  Instruction post_index = Decode({0xf852, 0x4b04})[0];  // ldr.w r4, [r2], #4
  EXPECT_EQ(post_index.base_writeback.size(), 1);
  Instruction longer = Decode({0xfbc4, 0x0105})[0];  // smlal r0, r1, r4, r5
  EXPECT_EQ(longer.destinations.size(), 2);
  EXPECT_EQ(longer.sources.size(), 4);
  Instruction insert = Decode({0xf361, 0x100b})[0];  // bfi r0, r1, #4, #8
  EXPECT_TRUE(insert.uses_shifter);
  EXPECT_EQ(insert.sources.size(), 2);
  EXPECT_EQ(Decode({0xfb51, 0xf012})[0].unit, Unit::kMultiply);  // smmulr r0, r1, r2
}

TEST(Decoder, WhatIsNotCodeStillHasALength) {
  std::vector<Instruction> block = Decode({0xffff, 0xffff, 0x4770});
  ASSERT_EQ(block.size(), 2u);
  EXPECT_EQ(block[0].bytes, 4);
  EXPECT_EQ(block[0].unit, Unit::kSystem);
}

TEST(BranchPredictor, ALoopIsMissedAtItsStartAndItsEnd) {
  Instruction branch = Decode({0xf47f, 0xaffe})[0];
  BranchPredictor predictor;
  int wrong = 0;
  for (int i = 0; i < 100; ++i) wrong += predictor.Predicts(branch, 0x0ffe) ? 0 : 1;
  wrong += predictor.Predicts(branch, branch.pc + 4) ? 0 : 1;
  EXPECT_EQ(wrong, 2);
}

TEST(BranchPredictor, ReturnsComeFromTheReturnStack) {
  Instruction call = Decode({0xf7ff, 0xfffe})[0], back = Decode({0x4770})[0];
  BranchPredictor predictor;
  EXPECT_TRUE(predictor.Predicts(call, 0x5000));
  EXPECT_TRUE(predictor.Predicts(back, call.pc + 4));
  EXPECT_FALSE(predictor.Predicts(back, 0x6000));
}

TEST(CortexM7, AMispredictionCostsLessWhenTheFlagsAreKnownEarly) {
  // subs r0, #1; bne: flags in the cycle before, then four instructions in between
  auto cycles = [](std::initializer_list<uint16_t> halfwords) {
    CortexM7 pipeline;
    for (const Instruction& i : Decode(halfwords)) {
      uint32_t next = i.conditional_branch ? 0x0800 : i.pc + i.bytes;  // taken: not predicted
      pipeline.Issue(i, next, nullptr, 0);
    }
    EXPECT_EQ(pipeline.mispredictions(), 1u);
    return static_cast<int>(pipeline.cycles());
  };
  EXPECT_EQ(cycles({0x3801, 0xf47f, 0xaffe}), 1 + 8);
  // ... with six adds in three cycles between
  EXPECT_EQ(cycles({0x3801, 0xf101, 0x0101, 0xf102, 0x0201, 0xf103, 0x0301, 0xf104, 0x0401, 0xf105,
                    0x0501, 0xf106, 0x0601, 0xf47f, 0xaffe}),
            4 + 6);
}

TEST(Cache, KeepsTheMostRecentLines) {
  Cache cache(256, 2, 32, 10);  // 4 sets of 2 lines
  EXPECT_EQ(cache.Read(0x000), 10u);
  EXPECT_EQ(cache.Read(0x01f), 0u);   // same line
  EXPECT_EQ(cache.Read(0x080), 10u);  // same set
  EXPECT_EQ(cache.Read(0x000), 0u);
  EXPECT_EQ(cache.Read(0x100), 10u);  // replaces 0x080, the older one
  EXPECT_EQ(cache.Read(0x000), 0u);
  EXPECT_EQ(cache.Read(0x080), 10u);
}

}  // namespace
}  // namespace tinyformer::cycle_model
