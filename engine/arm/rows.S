// Rows of weights times a batch of four tokens, output stage included, scheduled for the Cortex-M7.
//
// The C++ side and the meaning of every argument: rows.h. A row is a prologue (bias, number of its
// groups), groups, and an epilogue (requantize, zero point, four byte stores). A group is computed
// while the next one is loaded, so the last one of a row is peeled off and nothing is read past the
// weights' end. The loops hold two groups; a row with an odd number of steps enters in the middle.
//
// Schedule   Every line below is one cycle: two instructions. SMLAD issues once a cycle, beside a
//            load whose word it can take two cycles later, hence two inputs in flight; SXTB16,
//            SSAT and the like must be the older of a pair; a sum is an address two cycles later.
//            Inputs and the batch live in low registers: their loads are two bytes long, which
//            keeps the loops below the eight bytes that the core fetches in a cycle.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

// Inputs of the batch (values 0 and 2 of a quad, values 1 and 3), their address.
xe .req r0
xo .req r1
batch .req r2
left .req r3     // groups of the row that are left; outside of the loops: the row's bias
we .req r4       // weights as int16: values 0 and 2 of a quad, values 1 and 3
wo .req r5
raw .req r6      // weights as bytes
step .req r7     // sparse: distance to the next stored block
sum0 .req r8     // of the four tokens
sum1 .req r9
sum2 .req r10
sum3 .req r11
index .req r12
weights .req lr

// The frame: struct RowJob without its first and last two words, and where the job lies.
#define FRAME_JOB 0
#define FRAME_BIAS 4
#define FRAME_MULTIPLIER 8
#define FRAME_END 12
#define FRAME_Y 16
#define FRAME_STRIDE 20
#define FRAME_ZERO_POINT 24
#define FRAME_BATCH_BYTES 28
#define FRAME_GROUPS 32
#define FRAME_BYTES 36

  .macro function name
  .section .text.\name, "ax", %progbits
  .balign 8
  .global \name
  .thumb_func
  .type \name, %function
\name:
  push {r4-r11, lr}
  sub sp, sp, #FRAME_BYTES
  ldm r0, {r2, r3, r12, lr}
  str r0, [sp, #FRAME_JOB]
  str left, [sp, #FRAME_BIAS]
  add r0, r0, #16
  ldm r0, {r4-r10}
  add r0, sp, #FRAME_MULTIPLIER
  stm r0, {r4-r10}
  .endm

// The job goes on from here.
  .macro function_end name
  ldr r0, [sp, #FRAME_JOB]
  stm r0, {r2, r3, r12, lr}
  add sp, sp, #FRAME_BYTES
  pop {r4-r11, pc}
  .size \name, . - \name
  .endm

// Ends a row: y = zero point + requantize(sum) by 2^-32, limited to int8; the pointer goes back by
// FRAME_BATCH_BYTES. Then the next row, whose bias is at `left`.
  .macro row_end row, pointer
  ldr left, [sp, #FRAME_BIAS]
  ldr raw, [sp, #FRAME_MULTIPLIER]
  ldr xe, [sp, #FRAME_BATCH_BYTES]
  ldr we, [sp, #FRAME_ZERO_POINT]
  ldr xo, [sp, #FRAME_STRIDE]
  sub \pointer, \pointer, xe
  ldr xe, [left, raw]
  add left, left, #4
  ldr wo, [sp, #FRAME_Y]
  smmlar sum0, sum0, xe, we
  ldr raw, [sp, #FRAME_END]
  smmlar sum1, sum1, xe, we
  add wo, wo, left, lsr #2
  smmlar sum2, sum2, xe, we
  cmp left, raw
  ssat sum0, #8, sum0
  smmlar sum3, sum3, xe, we
  add raw, wo, xo, lsl #1
  str left, [sp, #FRAME_BIAS]
  ssat sum1, #8, sum1
  strb sum0, [wo]
  ssat sum2, #8, sum2
  strb sum1, [wo, xo]
  ssat sum3, #8, sum3
  strb sum2, [raw]
  strb sum3, [raw, xo]
  bne \row
  .endm

// Seven of a quad's eight products; the inputs of the first token are in xe and xo, the others
// follow `at` bytes after the batch.
  .macro quad_products at
  smlad sum0, we, xe, sum0
  ldr xe, [batch, #\at + 8]
  smlad sum0, wo, xo, sum0
  ldr xo, [batch, #\at + 12]
  smlad sum1, we, xe, sum1
  ldr xe, [batch, #\at + 16]
  smlad sum1, wo, xo, sum1
  ldr xo, [batch, #\at + 20]
  smlad sum2, we, xe, sum2
  ldr xe, [batch, #\at + 24]
  smlad sum2, wo, xo, sum2
  ldr xo, [batch, #\at + 28]
  smlad sum3, we, xe, sum3
  .endm

// One quad, and the weights of the next, whose inputs are at `next`; ten cycles with the
// instruction that follows.
  .macro dense_step at, next:vararg
  quad_products \at
  ldr raw, [weights], #4
  smlad sum3, wo, xo, sum3
  ldr xe, \next
  sxtb16 we, raw
  .endm

// A dense row: `left` quads (at least one) of weights times the batch.
  .macro dense_products
  ldr raw, [weights], #4
  ldr xe, [batch]
  subs left, left, #1
  ldr xo, [batch, #4]
  sxtb16 we, raw
  sxtb16 wo, raw, ror #8
  beq 4f
  lsrs left, left, #1
  bcc 2f
  sub batch, batch, #32
  b 3f
  .balign 8
2:
  dense_step 0, [batch, #32]
  ldr xo, [batch, #36]
  sxtb16 wo, raw, ror #8
  subs left, left, #1
3:
  dense_step 32, [batch, #64]!
  ldr xo, [batch, #4]
  sxtb16 wo, raw, ror #8
  bne 2b
4:
  quad_products 0
  smlad sum3, wo, xo, sum3
  .endm

// ---- Dense rows of quads: FRAME_GROUPS is the number of quads of a row, FRAME_BATCH_BYTES by how
// much they overlap the next row.

  function tinyformer_rows_dense
  mov index, batch
1:
  ldr sum0, [left]
  mov batch, index
  ldr left, [sp, #FRAME_GROUPS]
  mov sum1, sum0
  mov sum2, sum0
  mov sum3, sum0
  dense_products
  row_end 1b, weights
  mov batch, index
  function_end tinyformer_rows_dense

// ---- Sparse rows: FRAME_GROUPS is where the rows' numbers of records lie, less half the address
// of the first bias. `step` is read a record ahead, over row ends too; block numbers go on over row
// ends, while the batch starts again.

// Sums start at the bias; the first record's inputs (blocks of 2^shift bytes), `left` = records
// that follow it; to `empty` when there is none.
  .macro sparse_start shift, empty
  ldr raw, [sp, #FRAME_GROUPS]
  ldr sum0, [left]
  add raw, raw, left, lsr #1
  mov sum1, sum0
  ldrh left, [raw]
  mov sum2, sum0
  mov sum3, sum0
  subs left, left, #1
  blt \empty
  add batch, batch, step, lsl #\shift
  ldrb step, [index], #1
  ldr xe, [batch]
  ldr xo, [batch, #4]
  .endm

  function tinyformer_rows_quads
  ldrb step, [index], #1
1:
  sparse_start 5, 5f
  ldr raw, [weights], #4
  sxtb16 we, raw
  sxtb16 wo, raw, ror #8
  beq 4f
  lsrs left, left, #1
  bcs 3f

// One record, and the weights of the next; eleven cycles with the instruction that follows.
  .macro quad_step
  quad_products 0
  ldr raw, [weights], #4
  smlad sum3, wo, xo, sum3
  add batch, batch, step, lsl #5
  sxtb16 we, raw
  ldrb step, [index], #1
  sxtb16 wo, raw, ror #8
  ldr xe, [batch]
  ldr xo, [batch, #4]
  .endm

  .balign 8
2:
  quad_step
  subs left, left, #1
3:
  quad_step
  bne 2b
4:
  quad_products 0
  smlad sum3, wo, xo, sum3
5:
  row_end 1b, batch
  sub index, index, #1
  function_end tinyformer_rows_quads

// ---- Sparse rows of pairs: two bytes become one word of two int16.

  function tinyformer_rows_pairs
  ldrb step, [index], #1
1:
  sparse_start 4, 5f
  ldrh raw, [weights], #2
  orr wo, raw, raw, lsl #8
  beq 4f
  lsrs left, left, #1
  bcs 3f

// One record, and the weights of the next; seven cycles with the instruction that follows.
  .macro pair_step
  sxtb16 we, wo
  ldrh raw, [weights], #2
  smlad sum0, we, xe, sum0
  ldr xe, [batch, #8]
  smlad sum1, we, xo, sum1
  ldr xo, [batch, #12]
  smlad sum2, we, xe, sum2
  add batch, batch, step, lsl #4
  smlad sum3, we, xo, sum3
  ldrb step, [index], #1
  orr wo, raw, raw, lsl #8
  ldr xe, [batch]
  ldr xo, [batch, #4]
  .endm

  .balign 8
2:
  pair_step
  subs left, left, #1
3:
  pair_step
  bne 2b
4:
  sxtb16 we, wo
  smlad sum0, we, xe, sum0
  ldr xe, [batch, #8]
  smlad sum1, we, xo, sum1
  ldr xo, [batch, #12]
  smlad sum2, we, xe, sum2
  smlad sum3, we, xo, sum3
5:
  row_end 1b, batch
  sub index, index, #1
  function_end tinyformer_rows_pairs

// ---- Dense rows with a start for each token, for attention. Offsets in struct TokenRowJob.
#define TOKEN_WEIGHTS 0
#define TOKEN_END 4
#define TOKEN_BATCH 8
#define TOKEN_QUADS 12
#define TOKEN_START 16
#define TOKEN_MULTIPLIER 32
#define TOKEN_ZERO_POINT 36
#define TOKEN_LARGEST 40
#define TOKEN_OUTPUT 48

job .req r12
output .req r7

  .macro token_function name
  .section .text.\name, "ax", %progbits
  .balign 8
  .global \name
  .thumb_func
  .type \name, %function
\name:
  push {r4-r12, lr}
  mov job, r0
  ldr weights, [r0, #TOKEN_WEIGHTS]
  ldr output, [r0, #TOKEN_OUTPUT]
1:
  add xe, job, #TOKEN_START
  ldr left, [job, #TOKEN_QUADS]
  ldr batch, [job, #TOKEN_BATCH]
  ldm xe, {r8-r11}
  dense_products
  ldr raw, [job, #TOKEN_END]
  .endm

  .macro token_function_end name
  cmp weights, raw
  bne 1b
  pop {r4-r12, pc}
  .size \name, . - \name
  .endm

// Sums as they are: four words a row.
  token_function tinyformer_rows_sums
  stm output!, {r8-r11}
  token_function_end tinyformer_rows_sums

// Sums requantized by 2^-32 to int8 in int16 places, and the largest of each token.
  token_function tinyformer_rows_scores
  ldr xe, [job, #TOKEN_MULTIPLIER]
  ldr we, [job, #TOKEN_ZERO_POINT]
  ldr xo, [job, #TOKEN_LARGEST]
  ldr wo, [job, #TOKEN_LARGEST + 4]
  smmlar sum0, sum0, xe, we
  smmlar sum1, sum1, xe, we
  smmlar sum2, sum2, xe, we
  ssat sum0, #8, sum0
  smmlar sum3, sum3, xe, we
  ssat sum1, #8, sum1
  pkhbt sum0, sum0, sum1, lsl #16
  ssat sum2, #8, sum2
  ssub16 left, xo, sum0
  ssat sum3, #8, sum3
  sel xo, xo, sum0
  pkhbt sum2, sum2, sum3, lsl #16
  str xo, [job, #TOKEN_LARGEST]
  ssub16 left, wo, sum2
  str sum0, [output], #4
  sel wo, wo, sum2
  str sum2, [output], #4
  str wo, [job, #TOKEN_LARGEST + 4]
  token_function_end tinyformer_rows_scores

#endif
