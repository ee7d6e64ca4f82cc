// What the Arm test programs need from the emulator: text, exit status, and nothing else.
#pragma once

#include <stdint.h>

namespace tinyformer::engine::arm {

/// One Arm semihosting call (Arm IHI 0105).
inline int semihosting(int operation, const void* argument) {
  register int r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
  return r0;
}

/// Prints text on the emulator's console.
inline void print(const char* text) { semihosting(0x04, text); }

/// Ends the emulation with an exit status.
[[noreturn]] inline void exit_emulator(uint32_t status) {
  const uint32_t block[2] = {0x20026, status};
  for (;;) semihosting(0x20, block);
}

}  // namespace tinyformer::engine::arm
