// Rows of weights times a batch of four tokens, output stage included, scheduled for the Cortex-M7.
//
// The C++ side and the meaning of every argument: rows.h. All functions share one frame: a row's
// prologue (bias, number of groups), a loop over its groups whose last turn is peeled off so that
// nothing is read past the end, and an epilogue (requantize, zero point, four byte stores).
//
// Registers  r0 index  r1 weights  r2 batch  r3 groups left  r4-r7 sums of the four tokens
//            r8, r9 widened weights  r10, r11 inputs  r12 next weights  lr distance, then the job
//
// Schedule   SMLAD issues once a cycle beside one load; a loaded word can feed it two cycles later,
//            hence the two inputs in flight; SXTB16 must be the older of a pair.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

// Offsets in struct RowJob.
#define JOB_INDEX 0
#define JOB_WEIGHTS 4
#define JOB_BATCH 8
#define JOB_RECORDS 12
#define JOB_ROW_BYTES 16
#define JOB_BIAS 20
#define JOB_MULTIPLIER 24
#define JOB_ZERO_POINT 28
#define JOB_ROWS 32
#define JOB_Y 36
#define JOB_STRIDE 40

  .macro function name
  .section .text.\name, "ax", %progbits
  .balign 8
  .global \name
  .thumb_func
  .type \name, %function
\name:
  push {r4-r11, lr}
  sub sp, sp, #4
  str r0, [sp]
  mov lr, r0
  ldr r1, [lr, #JOB_WEIGHTS]
  ldr r2, [lr, #JOB_BATCH]
  ldr r0, [lr, #JOB_INDEX]
  .endm

// Sums start at the bias.
  .macro row_start
  ldr r8, [lr, #JOB_BIAS]
  ldr r4, [r8], #4
  str r8, [lr, #JOB_BIAS]
  mov r5, r4
  mov r6, r4
  mov r7, r4
  .endm

// requantize by 2^-32, zero point, int8; then the next row or the end.
  .macro row_end row
  ldr lr, [sp]
  ldr r8, [lr, #JOB_MULTIPLIER]
  ldr r10, [lr, #JOB_ZERO_POINT]
  ldr r9, [r8], #4
  ldr r11, [lr, #JOB_Y]
  str r8, [lr, #JOB_MULTIPLIER]
  smmulr r4, r4, r9
  ldr r12, [lr, #JOB_STRIDE]
  smmulr r5, r5, r9
  ldr r3, [lr, #JOB_ROWS]
  smmulr r6, r6, r9
  add r4, r4, r10
  smmulr r7, r7, r9
  add r5, r5, r10
  ssat r4, #8, r4
  add r6, r6, r10
  ssat r5, #8, r5
  add r7, r7, r10
  ssat r6, #8, r6
  add r8, r11, r12, lsl #1
  ssat r7, #8, r7
  strb r4, [r11]
  strb r5, [r11, r12]
  add r11, r11, #1
  strb r6, [r8]
  str r11, [lr, #JOB_Y]
  strb r7, [r8, r12]
  subs r3, r3, #1
  str r3, [lr, #JOB_ROWS]
  bne \row
  .endm

  .macro function_end name
  str r0, [lr, #JOB_INDEX]
  str r1, [lr, #JOB_WEIGHTS]
  str r2, [lr, #JOB_BATCH]
  add sp, sp, #4
  pop {r4-r11, pc}
  .size \name, . - \name
  .endm

// Seven of a quad's eight products; r10 and r11 hold the first token's inputs.
  .macro quad_products
  smlad r4, r8, r10, r4
  ldr.w r10, [r2, #8]
  smlad r4, r9, r11, r4
  ldr.w r11, [r2, #12]
  smlad r5, r8, r10, r5
  ldr.w r10, [r2, #16]
  smlad r5, r9, r11, r5
  ldr.w r11, [r2, #20]
  smlad r6, r8, r10, r6
  ldr.w r10, [r2, #24]
  smlad r6, r9, r11, r6
  ldr.w r11, [r2, #28]
  smlad r7, r8, r10, r7
  .endm

// A dense row: r3 quads (at least one) of weights at r1 times the batch at r2.
  .macro dense_products
  ldr r12, [r1], #4
  ldr r10, [r2]
  sxtb16 r8, r12
  ldr r11, [r2, #4]
  sxtb16 r9, r12, ror #8
  subs r3, r3, #1
  beq 3f
  .balign 8
2:
  ldr r12, [r1], #4
  subs r3, r3, #1
  quad_products
  ldr.w r10, [r2, #32]!
  sxtb16 r8, r12
  smlad r7, r9, r11, r7
  sxtb16 r9, r12, ror #8
  ldr.w r11, [r2, #4]
  bne 2b
3:
  quad_products
  smlad r7, r9, r11, r7
  .endm

// ---- Dense rows of quads: JOB_RECORDS holds the number of quads of a row itself.

  function tinyformer_rows_dense
1:
  row_start
  ldr r3, [lr, #JOB_RECORDS]
  ldr r2, [lr, #JOB_BATCH]
  dense_products
  ldr lr, [sp]
  ldr r8, [lr, #JOB_ROW_BYTES]
  sub r1, r1, r8
  row_end 1b
  ldr r2, [lr, #JOB_BATCH]
  function_end tinyformer_rows_dense

// ---- Dense rows with a start for each token, for attention. Offsets in struct TokenRowJob.
#define TOKEN_WEIGHTS 0
#define TOKEN_BATCH 4
#define TOKEN_QUADS 8
#define TOKEN_ROWS 12
#define TOKEN_START 16
#define TOKEN_MULTIPLIER 32
#define TOKEN_ZERO_POINT 36
#define TOKEN_LARGEST 40
#define TOKEN_OUTPUT 48

  .macro token_function name
  .section .text.\name, "ax", %progbits
  .balign 8
  .global \name
  .thumb_func
  .type \name, %function
\name:
  push {r4-r11, lr}
  sub sp, sp, #4
  str r0, [sp]
  mov lr, r0
  ldr r1, [lr, #TOKEN_WEIGHTS]
1:
  add r3, lr, #TOKEN_START
  ldm r3, {r4-r7}
  ldr r3, [lr, #TOKEN_QUADS]
  ldr r2, [lr, #TOKEN_BATCH]
  dense_products
  ldr lr, [sp]
  .endm

  .macro token_function_end name
  ldr r3, [lr, #TOKEN_ROWS]
  subs r3, r3, #1
  str r3, [lr, #TOKEN_ROWS]
  bne 1b
  add sp, sp, #4
  pop {r4-r11, pc}
  .size \name, . - \name
  .endm

// Sums as they are: four words a row.
  token_function tinyformer_rows_sums
  ldr r8, [lr, #TOKEN_OUTPUT]
  stmia r8!, {r4-r7}
  str r8, [lr, #TOKEN_OUTPUT]
  token_function_end tinyformer_rows_sums

// Sums requantized by 2^-32 to int8 in int16 places, and the largest of each token.
  token_function tinyformer_rows_scores
  ldrd r8, r9, [lr, #TOKEN_MULTIPLIER]
  ldrd r10, r11, [lr, #TOKEN_LARGEST]
  smmulr r4, r4, r8
  ldr r12, [lr, #TOKEN_OUTPUT]
  smmulr r5, r5, r8
  add r4, r4, r9
  smmulr r6, r6, r8
  add r5, r5, r9
  smmulr r7, r7, r8
  ssat r4, #8, r4
  add r6, r6, r9
  ssat r5, #8, r5
  add r7, r7, r9
  ssat r6, #8, r6
  pkhbt r4, r4, r5, lsl #16
  ssat r7, #8, r7
  ssub16 r8, r10, r4
  sel r10, r10, r4
  pkhbt r6, r6, r7, lsl #16
  ssub16 r8, r11, r6
  sel r11, r11, r6
  strd r4, r6, [r12], #8
  strd r10, r11, [lr, #TOKEN_LARGEST]
  str r12, [lr, #TOKEN_OUTPUT]
  token_function_end tinyformer_rows_scores

// The number of records of a sparse row into r3.
  .macro record_count
  ldr r8, [lr, #JOB_RECORDS]
  ldrh r3, [r8], #2
  str r8, [lr, #JOB_RECORDS]
  .endm

// Block numbers go on over row ends, the batch starts again.
  .macro rewind_batch
  ldr lr, [sp]
  ldr r8, [lr, #JOB_ROW_BYTES]
  sub r2, r2, r8
  .endm

// ---- Sparse rows of quads.

  function tinyformer_rows_quads
1:
  row_start
  record_count
  cmp r3, #0
  beq 4f
  ldrb lr, [r0], #1
  ldr r12, [r1], #4
  subs r3, r3, #1
  add r2, r2, lr, lsl #5
  sxtb16 r8, r12
  ldr r10, [r2]
  sxtb16 r9, r12, ror #8
  ldr.w r11, [r2, #4]
  beq 3f
  .balign 8
2:
  ldr r12, [r1], #4
  subs r3, r3, #1
  ldrb lr, [r0], #1
  quad_products
  add r2, r2, lr, lsl #5
  sxtb16 r8, r12
  smlad r7, r9, r11, r7
  sxtb16 r9, r12, ror #8
  ldr.w r10, [r2]
  ldr.w r11, [r2, #4]
  bne 2b
3:
  quad_products
  smlad r7, r9, r11, r7
4:
  rewind_batch
  row_end 1b
  function_end tinyformer_rows_quads

// ---- Sparse rows of pairs: two bytes become one word of two int16.

  function tinyformer_rows_pairs
1:
  row_start
  record_count
  cmp r3, #0
  beq 4f
  ldrb lr, [r0], #1
  ldrh r12, [r1], #2
  subs r3, r3, #1
  add r2, r2, lr, lsl #4
  orr r12, r12, r12, lsl #8
  ldr r10, [r2]
  sxtb16 r8, r12
  ldr.w r11, [r2, #4]
  beq 3f
  .balign 8
2:
  ldrb lr, [r0], #1
  ldrh r12, [r1], #2
  smlad r4, r8, r10, r4
  ldr.w r10, [r2, #8]
  smlad r5, r8, r11, r5
  ldr.w r11, [r2, #12]
  add r2, r2, lr, lsl #4
  orr r12, r12, r12, lsl #8
  smlad r6, r8, r10, r6
  ldr.w r10, [r2]
  smlad r7, r8, r11, r7
  ldr.w r11, [r2, #4]
  sxtb16 r8, r12
  subs r3, r3, #1
  bne 2b
3:
  smlad r4, r8, r10, r4
  ldr.w r10, [r2, #8]
  smlad r5, r8, r11, r5
  ldr.w r11, [r2, #12]
  smlad r6, r8, r10, r6
  smlad r7, r8, r11, r7
4:
  rewind_batch
  row_end 1b
  function_end tinyformer_rows_pairs

#endif
