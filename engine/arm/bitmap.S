// Distances between the stored blocks of a bitmap: the C++ side is bitmap.h. Every byte is two
// entries of its table; those of the next byte are fetched meanwhile.
#if defined(__ARM_FEATURE_DSP)

  .syntax unified
  .thumb

to .req r0
end .req r1
index .req r2    // byte that is decoded
before .req r3
nibbles .req r4
last .req r12    // byte of the bitmap
bits .req r5     // of the byte after it; anything after the last
low .req r10     // the place in the table of the byte after it
high .req r11
low_distances .req r6
low_rest .req r7
high_distances .req r8
high_rest .req r9

  .section .text.tinyformer_decode_bitmap, "ax", %progbits
  .balign 8
  .global tinyformer_decode_bitmap
  .thumb_func
  .type tinyformer_decode_bitmap, %function
tinyformer_decode_bitmap:
  push {r0, r4-r11, lr}
  mov r5, r1
  mov end, r2
  ldm r0, {index, before, nibbles, last}
  mov to, r5
  cmp to, end
  bhs 2f
  ldrb bits, [index]
  and low, bits, #15
  lsr high, bits, #4
  add low, nibbles, low, lsl #3
  add high, nibbles, high, lsl #3
  ldrd low_distances, low_rest, [low]
  cmp index, last
  it lo
  ldrblo bits, [index, #1]
  ldrd high_distances, high_rest, [high]
  .balign 8
1:
  add low_distances, low_distances, before
  and low, bits, #15
  and before, before, low_rest, asr #31
  add index, index, #1
  str low_distances, [to]
  lsr high, bits, #4
  uxtab before, before, low_rest, ror #8
  add low, nibbles, low, lsl #3
  uxtab to, to, low_rest
  add high, nibbles, high, lsl #3
  add high_distances, high_distances, before
  ldrd low_distances, low_rest, [low]
  and before, before, high_rest, asr #31
  cmp index, last
  str high_distances, [to]
  it lo
  ldrblo bits, [index, #1]
  uxtab to, to, high_rest
  uxtab before, before, high_rest, ror #8
  cmp to, end
  ldrd high_distances, high_rest, [high]
  blo 1b
2:
  pop {r5}
  stm r5, {index, before}
  pop {r4-r11, pc}
  .size tinyformer_decode_bitmap, . - tinyformer_decode_bitmap

#endif
