// Distances between the stored blocks of a bitmap: the C++ side is bitmap.h.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

to .req r0
end .req r1
index .req r2
before .req r3
nibbles .req r4

// Four blocks: \distances and \rest are an entry of the table. What came before counts on when the
// entry stores nothing.
  .macro nibble distances, rest
  add \distances, \distances, before
  and before, before, \rest, asr #31
  str \distances, [to]
  uxtab before, before, \rest, ror #8
  uxtab to, to, \rest
  .endm

  .section .text.tinyformer_decode_bitmap, "ax", %progbits
  .balign 8
  .global tinyformer_decode_bitmap
  .thumb_func
  .type tinyformer_decode_bitmap, %function
tinyformer_decode_bitmap:
  push {r0, r4-r9, lr}
  mov r5, r1
  mov end, r2
  ldm r0, {index, before, nibbles}
  mov to, r5
  cmp to, end
  bhs 2f
  .balign 8
1:
  ldrb r5, [index], #1
  and r7, r5, #15
  lsr r5, r5, #4
  add r7, nibbles, r7, lsl #3
  add r5, nibbles, r5, lsl #3
  ldrd r6, r7, [r7]
  ldrd r8, r9, [r5]
  nibble r6, r7
  nibble r8, r9
  cmp to, end
  blo 1b
2:
  pop {r5}
  stm r5, {index, before}
  pop {r4-r9, pc}
  .size tinyformer_decode_bitmap, . - tinyformer_decode_bitmap

#endif
