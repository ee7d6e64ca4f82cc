// End of an emulated C program, by semihosting.
#pragma once

#include <stdint.h>

static inline void ExitEmulator(void) {
  const uint32_t block[2] = {0x20026, 0};  // ADP_Stopped_ApplicationExit, status 0
  register int r0 __asm("r0") = 0x20;
  register const void* r1 __asm("r1") = block;
  for (;;) __asm volatile("bkpt 0xAB" ::"r"(r0), "r"(r1) : "memory");
}
