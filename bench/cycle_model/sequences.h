// Short instruction sequences whose cycle counts on a Cortex-M7 have been published.
#pragma once

namespace tinyformer::bench {

/// Registers on entry: r2 = an aligned address in DTCM, r3 = r2 + 4; everything else is free.
struct Sequence {
  const char* name;
  const char* code;         ///< one line each, separated by newlines; repeated without a gap
  double published_cycles;  ///< a repetition, in the long run
};

/// Source  jnk0le/random, "pipeline cycle test/doc/cortex_m7.md": measured with DWT.CYCCNT on an
///         STM32H743
inline constexpr Sequence kSequences[] = {
    {"two independent adds", "add.w r0, r0, #1\nadd.w r1, r1, #1", 1},
    {"two inline shifts", "add.w r0, r4, r5, lsl #3\nadd.w r1, r4, r5, lsl #3", 2},
    {"two multiplies", "smlad r0, r4, r5, r0\nsmlad r1, r4, r5, r1", 2},
    {"multiply chain on the accumulator", "smlad r0, r4, r5, r0", 1},
    {"multiply chain on a factor", "smlad r0, r0, r5, r4", 2},
    {"multiply beside a load", "smlad r0, r4, r5, r0\nldr.w r6, [r2]", 1},
    {"multiply beside a store", "smlad r0, r4, r5, r0\nstr.w r4, [r2]", 2},
    {"word load, then ALU", "ldr.w r4, [r2]\norr.w r0, r0, r4", 1},
    {"word load, then multiply", "ldr.w r4, [r2]\nsmlad r0, r4, r5, r0", 2},
    {"byte load, then ALU", "ldrb.w r4, [r2]\norr.w r0, r0, r4", 2},
    {"two loads, two banks", "ldr.w r4, [r2]\nldr.w r5, [r3]", 1},
    {"two loads, one bank", "ldr.w r4, [r2]\nldr.w r5, [r2]", 2},
    {"two stores", "str.w r4, [r2]\nstr.w r5, [r3]", 2},
    {"load beside a store", "ldr.w r4, [r2]\nstr.w r5, [r3]", 1},
    {"load of four registers", "ldmia.w r2, {r4, r5, r6, r7}", 2},
    {"unaligned load", "ldr.w r4, [r2, #1]", 4},
    {"two extensions", "sxtb16 r4, r6\nsxtb16 r5, r6, ror #8", 2},
    {"extension beside a multiply", "sxtb16 r4, r6\nsmlad r0, r1, r5, r0", 1},
    {"byte stores to one bank", "strb.w r0, [r2]", 4},
    {"byte stores to two banks", "strb.w r0, [r2]\nstrb.w r0, [r3]", 4},
    {"byte stores, stride one",
     "strb.w r0, [r2]\nstrb.w r0, [r2, #1]\nstrb.w r0, [r2, #2]\nstrb.w r0, [r2, #3]\n"
     "strb.w r0, [r3]\nstrb.w r0, [r3, #1]\nstrb.w r0, [r3, #2]\nstrb.w r0, [r3, #3]",
     19.2},
    {"single-precision adds", "vadd.f32 s0, s1, s2", 1},
    {"fused multiply-add chain", "vfma.f32 s0, s1, s2", 3},
};

}  // namespace tinyformer::bench
