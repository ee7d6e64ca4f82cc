// Rows of a Scaled-LayerNorm, scheduled for the Cortex-M7. Meaning and job: layernorm_rows.h.
//
// First pass   a row's sum and squares, four values a word.
// Between      the inverse deviation, and from it slope and offset with n = slope * x + offset in
//              the upper half of a word. The slope has 32 more bits below that word: its upper word
//              is rounded, its lower one signed.
// Second pass  two channels a step: a load, slope, gamma and beta, multiplier, saturation and a
//              store each. A step ends with its sums ready; the next one saturates and stores them.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

// Offsets in struct LayernormJob.
#define JOB_SUM 24
#define JOB_QUADS 36
#define JOB_TAIL 52
#define JOB_END 56

// Offsets in the frame.
#define FRAME_JOB 0
#define FRAME_ROW_END 4

// Inverse square root: docs/quantization.md.
#define LINE_SLOPE 1308598332
#define LINE_OFFSET 2290047081

// ---- First pass: r0 x, r1 sum, r2 squares, r3 ones.

  .macro add_quad word, even, odd
  sxtb16 \even, \word
  sxtb16 \odd, \word, ror #8
  smlad r2, \even, \even, r2
  sadd16 \even, \even, \odd
  smlad r2, \odd, \odd, r2
  smlad r1, \even, r3, r1
  .endm

// ---- A Newton step: r9 y, r6 a; r10, r11 lost.

  .macro newton_step
  umull r11, r10, r9, r9
  umull r11, r10, r10, r6
  rsb r10, r10, #0x30000000
  umull r11, r9, r9, r10
  lsl r9, r9, #3
  orr r9, r9, r11, lsr #29
  .endm

// ---- Second pass: r0 x, r1 y, r2 gamma, r3 beta, r4 multiplier, r5 start, r6 slope, r7 its lower
// word, r8 offset. A step finds two values in \x0, \x1 and leaves their sums in \x1, \o1.

  .macro normalise x0, x1, n0, n1
  mla \n0, \x0, r6, r8
  smmla \n0, \x0, r7, \n0
  mla \n1, \x1, r6, r8
  ldr \x0, [r2], #4
  smmla \n1, \x1, r7, \n1
  .endm

  .macro scale x0, x1, o1, n0, n1
  ldrd \x1, \o1, [r3], #8
  smlatb \x1, \n0, \x0, \x1
  smlatt \o1, \n1, \x0, \o1
  .endm

  .macro first_step x0, x1, o0, o1, free
  normalise \x0, \x1, \free, \o0
  scale \x0, \x1, \o1, \free, \o0
  ldrsb \free, [r0], #1
  smmla \x1, \x1, r4, r5
  ldrsb \o0, [r0], #1
  smmla \o1, \o1, r4, r5
  .endm

// The sums of the step before are in \o0, \o1. The next values come into \free, \o0.
  .macro step x0, x1, o0, o1, free
  mla \free, \x0, r6, r8
  ssat \o0, #8, \o0, asr #16
  smmla \free, \x0, r7, \free
  ssat \o1, #8, \o1, asr #16
  strb \o0, [r1], #1
  mla \o0, \x1, r6, r8
  strb \o1, [r1], #1
  ldr \x0, [r2], #4
  smmla \o0, \x1, r7, \o0
  scale \x0, \x1, \o1, \free, \o0
  ldrsb \free, [r0], #1
  smmla \x1, \x1, r4, r5
  ldrsb \o0, [r0], #1
  smmla \o1, \o1, r4, r5
  .endm

  .macro last_step x0, x1, o0, o1, free
  ssat \o0, #8, \o0, asr #16
  ssat \o1, #8, \o1, asr #16
  strb \o0, [r1], #1
  strb \o1, [r1], #1
  normalise \x0, \x1, \free, \o0
  scale \x0, \x1, \o1, \free, \o0
  smmla \x1, \x1, r4, r5
  smmla \o1, \o1, r4, r5
  ssat \x1, #8, \x1, asr #16
  ssat \o1, #8, \o1, asr #16
  strb \x1, [r1], #1
  strb \o1, [r1], #1
  .endm

  .section .text.tinyformer_layernorm_rows, "ax", %progbits
  .balign 8
  .global tinyformer_layernorm_rows
  .thumb_func
  .type tinyformer_layernorm_rows, %function
tinyformer_layernorm_rows:
  push {r4-r11, lr}
  sub sp, sp, #8
  str r0, [sp, #FRAME_JOB]
  mov lr, r0

.Lrow:
  add r12, lr, #JOB_SUM
  ldr r0, [lr]
  ldm r12, {r1-r7}  // sum, squares, ones, quads, channels, epsilon, largest shift
  lsrs r4, r4, #1
  bcc 1f
  ldr r8, [r0], #4
  add_quad r8, r9, r10
1:
  ldr r8, [r0], #4
  ldr r9, [r0], #4
  sxtb16 r10, r8
  sxtb16 r11, r8, ror #8
  smlad r2, r10, r10, r2
  sxtb16 r12, r9
  smlad r2, r11, r11, r2
  sxtb16 r9, r9, ror #8
  smlad r2, r12, r12, r2
  sadd16 r10, r10, r11
  smlad r2, r9, r9, r2
  sadd16 r12, r12, r9
  smlad r1, r10, r3, r1
  subs r4, r4, #1
  smlad r1, r12, r3, r1
  bne 1b
  str r0, [sp, #FRAME_ROW_END]
  ldr r4, [lr, #JOB_TAIL]
  cbz r4, 3f
2:
  ldrsb r8, [r0], #1
  subs r4, r4, #1
  mla r2, r8, r8, r2
  add r1, r1, r8
  bne 2b

3:
  mla r6, r5, r2, r6
  mls r6, r1, r1, r6
  clz r8, r6
  ldr r9, =LINE_SLOPE
  bic r8, r8, #1
  lsl r6, r6, r8  // a
  umull r11, r10, r9, r6
  ldr r9, =LINE_OFFSET
  sub r7, r7, r8, lsr #1  // S
  sub r9, r9, r10
  newton_step
  newton_step
  newton_step
  rsb r8, r7, #32
  umull r10, r11, r5, r9
  smull r4, r12, r1, r9
  lsl r11, r11, r8
  lsr r6, r10, r7
  lsl r12, r12, r8
  orr r6, r6, r11
  lsr r11, r4, r7
  lsl r7, r10, r8
  orr r11, r11, r12
  add r6, r6, r7, lsr #31
  rsb r8, r11, #32768

  ldm lr, {r0-r5}  // x, y, gamma, beta, multiplier, start
  ldr lr, [lr, #JOB_QUADS]
  ldrsb r9, [r0], #1
  ldrsb r10, [r0], #1
  lsrs lr, lr, #1
  first_step r9, r10, r11, r12, lr
  bcc 3f
  .balign 8
2:
  step lr, r11, r10, r12, r9
  step r9, r10, r11, r12, lr
3:
  step lr, r11, r10, r12, r9
  step r9, r10, r11, r12, lr
  ldr r9, [sp, #FRAME_ROW_END]
  cmp r0, r9
  bne 2b
  last_step lr, r11, r10, r12, r9
  ldr lr, [sp, #FRAME_JOB]
  ldr r9, [lr, #JOB_TAIL]
  cmp r9, #0
  bne .Ltail
.Lnext_row:
  strd r0, r1, [lr]
  ldr r9, [lr, #JOB_END]
  cmp r0, r9
  bne .Lrow
  add sp, sp, #8
  pop {r4-r11, pc}

// Channels after the last quad.
.Ltail:
  ldrsb r10, [r0], #1
  subs r9, r9, #1
  ldrsh r12, [r2], #2
  mla r11, r10, r6, r8
  smmla r11, r10, r7, r11
  ldr r10, [r3], #4
  smlatb r10, r11, r12, r10
  smmla r10, r10, r4, r5
  ssat r10, #8, r10, asr #16
  strb r10, [r1], #1
  bne .Ltail
  b .Lnext_row

  .ltorg
  .size tinyformer_layernorm_rows, . - tinyformer_layernorm_rows

#endif
