// Depthwise 3 x 3 over one padded channel, output stage included, scheduled for the Cortex-M7.
//
// The C++ side, the layout of the plane and the meaning of every argument: depthwise_plane.h.
// A step computes two neighbouring outputs of a row (stride 2: one). With x0 x1 x2 x3 in two words,
// a row of the filter is four products:
//
//   first  = x0 w0 + x1 w1 (SMLAD)  + x2 w2 (SMLABT)
//   second = x1 w0 (SMLATB)         + x2 w1 + x3 w2 (SMLAD)
//
// Registers  r0 plane, at the step's first word  r1 bytes to the second output  r2-r4 (w0, w1) and
//            r5-r7 (w1, w2) of the three rows  r8 first sum  r9 second sum  r10, r11 inputs
//            r12 output  lr bias
//
// Schedule   products issue once a cycle; beside every second one the word that is needed two
//            cycles later is loaded. What no register is left for (multiplier, zero point, end of
//            the row) comes from the stack in the same way. SSAT must be the older of a pair,
//            stores cannot stand beside a product.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

// Offsets in struct DepthwiseJob; the words from JOB_FRAME on are copied to the stack.
#define JOB_PLANE 0
#define JOB_Y 4
#define JOB_CHANNELS 8
#define JOB_FILTER 12
#define JOB_BIAS 36
#define JOB_FRAME 40
#define MULTIPLIER 0
#define ADDEND 4
#define SHIFT 8
#define LIFT 12
#define LOWER 16
#define END 20
#define ROWS 24
#define SKIP 28
#define Y_SKIP 32
#define FRAME 36

#define PITCH 36

  .macro function name
  .section .text.\name, "ax", %progbits
  .balign 8
  .global \name
  .thumb_func
  .type \name, %function
\name:
  .endm

  .macro rows_function name
  function \name
  push {r4-r11, lr}
  sub sp, sp, #FRAME
  add r1, r0, #JOB_FRAME
  ldm r1, {r2-r10}
  stm sp, {r2-r10}
  add r1, r0, #JOB_FILTER
  ldm r1, {r2-r7}
  ldr lr, [r0, #JOB_BIAS]
  ldr r1, [r0, #JOB_CHANNELS]
  ldr r12, [r0, #JOB_Y]
  ldr r0, [r0, #JOB_PLANE]
1:
  .endm

// r9 holds the end of the row; r0 and r12 stand behind it.
  .macro rows_function_end name, rows_a_step
  ldr r8, [sp, #ROWS]
  ldr r10, [sp, #SKIP]
  ldr r11, [sp, #Y_SKIP]
  add r9, r9, #PITCH * \rows_a_step
  subs r8, r8, #1
  str r9, [sp, #END]
  add r0, r0, r10
  str r8, [sp, #ROWS]
  add r12, r12, r11
  bne 1b
  add sp, sp, #FRAME
  pop {r4-r11, pc}
  .size \name, . - \name
  .endm

// Four products of a row whose words are in r10 and r11; between them r10 and r11 get the words of
// offset `next`, or what the output stage wants when there is no next row.
  .macro row_products w01, w12, first, second, next
  smlatb r9, r10, \w01, \second
  smlad r8, r10, \w01, \first
  .if \next >= 0
  ldr.w r10, [r0, #\next]
  .else
  ldr.w r10, [sp, #MULTIPLIER]
  .endif
  smlad r9, r11, \w12, r9
  smlabt r8, r11, \w12, r8
  .if \next >= 0
  ldr.w r11, [r0, #\next + 4]
  .else
  ldr.w r11, [sp, #ADDEND]
  .endif
  .endm

// For the filter rows of a mask (bit i: row i is not zero): the offset of the first at or after
// `from`, -1 for none.
  .macro find_row mask, from
  .set found, -1
  .if (\from <= 2) && (\mask & 4)
  .set found, 2 * PITCH
  .endif
  .if (\from <= 1) && (\mask & 2)
  .set found, PITCH
  .endif
  .if (\from <= 0) && (\mask & 1)
  .set found, 0
  .endif
  .endm

  .macro step_products mask
  .if \mask & 1
  find_row \mask, 1
  row_products r2, r5, lr, lr, found
  .endif
  .if \mask & 2
  find_row \mask, 2
  .if \mask & 1
  row_products r3, r6, r8, r9, found
  .else
  row_products r3, r6, lr, lr, found
  .endif
  .endif
  .if \mask & 4
  .if \mask & 3
  row_products r4, r7, r8, r9, -1
  .else
  row_products r4, r7, lr, lr, -1
  .endif
  .endif
  .endm

// Pairs of outputs, stride 1, the usual output stage; the filter's other rows are zero.
  .macro pairs name, mask
  rows_function \name
  find_row \mask, 0
  .set start, found
  ldr r10, [r0, #start]
  ldr r11, [r0, #start + 4]
  .balign 8
2:
  step_products \mask
  smmlar r9, r9, r10, r11
  smmlar r8, r8, r10, r11
  .if start == 0
  ldr.w r10, [r0, #4]!
  .else
  add r0, r0, #4
  ldr.w r10, [r0, #start]
  .endif
  ssat r9, #8, r9
  strb r9, [r12, r1]
  ssat r8, #8, r8
  strb r8, [r12]
  ldr r9, [sp, #END]
  add r12, r12, r1, lsl #1
  ldr.w r11, [r0, #start + 4]
  cmp r0, r9
  bne 2b
  rows_function_end \name, 1
  .endm

  pairs tinyformer_depthwise_pairs_1, 1
  pairs tinyformer_depthwise_pairs_2, 2
  pairs tinyformer_depthwise_pairs_3, 3
  pairs tinyformer_depthwise_pairs_4, 4
  pairs tinyformer_depthwise_pairs_5, 5
  pairs tinyformer_depthwise_pairs_6, 6
  pairs tinyformer_depthwise_pairs_7, 7

// Any output stage: shift, then limits by unsigned saturation above the lower one.
  .macro general_stage sum
  asr \sum, \sum, r10
  usat \sum, #16, \sum
  .endm

  rows_function tinyformer_depthwise_pairs_any
  ldr r10, [r0]
  ldr r11, [r0, #4]
2:
  step_products 7
  smmla r9, r9, r10, r11
  smmla r8, r8, r10, r11
  ldr r10, [sp, #SHIFT]
  ldr r11, [sp, #LIFT]
  general_stage r9
  general_stage r8
  ldr r10, [sp, #LOWER]
  uqadd16 r9, r9, r11
  uqadd16 r8, r8, r11
  sub r9, r9, r10
  sub r8, r8, r10
  strb r9, [r12, r1]
  strb r8, [r12]
  ldr r9, [sp, #END]
  ldr r10, [r0, #4]!
  add r12, r12, r1, lsl #1
  ldr r11, [r0, #4]
  cmp r0, r9
  bne 2b
  rows_function_end tinyformer_depthwise_pairs_any, 1

// Stride 2: r8 is the sum, r9 a third input.
  .macro single_products
  smlad r8, r10, r2, lr
  ldr.w r9, [r0, #PITCH]
  smlabt r8, r11, r5, r8
  ldr.w r10, [r0, #PITCH + 4]
  smlad r8, r9, r3, r8
  ldr.w r11, [r0, #2 * PITCH]
  smlabt r8, r10, r6, r8
  ldr.w r9, [r0, #2 * PITCH + 4]
  smlad r8, r11, r4, r8
  ldr.w r10, [sp, #MULTIPLIER]
  smlabt r8, r9, r7, r8
  ldr.w r11, [sp, #ADDEND]
  .endm

  rows_function tinyformer_depthwise_singles
  ldr r10, [r0]
  ldr r11, [r0, #4]
  .balign 8
2:
  single_products
  ldr r9, [sp, #END]
  smmlar r8, r8, r10, r11
  ldr.w r10, [r0, #4]!
  ssat r8, #8, r8
  strb r8, [r12]
  add r12, r12, r1
  ldr.w r11, [r0, #4]
  cmp r0, r9
  bne 2b
  rows_function_end tinyformer_depthwise_singles, 2

  rows_function tinyformer_depthwise_singles_any
  ldr r10, [r0]
  ldr r11, [r0, #4]
2:
  single_products
  ldr r9, [sp, #LIFT]
  smmla r8, r8, r10, r11
  ldr r10, [sp, #SHIFT]
  ldr r11, [sp, #LOWER]
  general_stage r8
  ldr r10, [r0, #4]!
  uqadd16 r8, r8, r9
  ldr r9, [sp, #END]
  sub r8, r8, r11
  ldr r11, [r0, #4]
  strb r8, [r12]
  add r12, r12, r1
  cmp r0, r9
  bne 2b
  rows_function_end tinyformer_depthwise_singles_any, 2

// Columns of the plane, two at a time. r0 plane, r1 input, r2 bytes to the neighbour, r3 bytes to
// the next row; [sp] rows, [sp, #4] pairs of columns, both > 0. Four rows at a time: a loaded byte is
// late.
  function tinyformer_depthwise_load
  push {r0, r1, r4-r11, lr}
  add lr, r2, r3
1:
  ldr r12, [sp, #44]
  subs r12, r12, #4
  blt 3f
  .balign 8
2:
  ldrsb r4, [r1]
  ldrsb r5, [r1, r2]
  ldrsb r6, [r1, r3]
  ldrsb r7, [r1, lr]
  add r1, r1, r3
  add r1, r1, r3
  subs r12, r12, #4
  pkhbt r4, r4, r5, lsl #16
  str r4, [r0]
  ldrsb r8, [r1]
  ldrsb r9, [r1, r2]
  ldrsb r10, [r1, r3]
  ldrsb r11, [r1, lr]
  pkhbt r6, r6, r7, lsl #16
  str r6, [r0, #PITCH]
  add r1, r1, r3
  add r1, r1, r3
  pkhbt r8, r8, r9, lsl #16
  str r8, [r0, #2 * PITCH]
  pkhbt r10, r10, r11, lsl #16
  str r10, [r0, #3 * PITCH]
  add r0, r0, #4 * PITCH
  bge 2b
3:
  adds r12, r12, #4
  beq 5f
4:
  ldrsb r5, [r1, r2]
  ldrsb r4, [r1]
  add r1, r1, r3
  subs r12, r12, #1
  pkhbt r4, r4, r5, lsl #16
  str r4, [r0], #PITCH
  bne 4b
5:
  ldr r12, [sp, #48]
  ldrd r0, r1, [sp]
  subs r12, r12, #1
  str r12, [sp, #48]
  add r0, r0, #4
  add r1, r1, r2, lsl #1
  strd r0, r1, [sp]
  bne 1b
  pop {r0, r1, r4-r11, pc}
  .size tinyformer_depthwise_load, . - tinyformer_depthwise_load

#endif
