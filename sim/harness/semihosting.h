// Arm semihosting for firmware that runs in an emulator: files, text and exit status of the host.
//
// Source  Arm IHI 0105, "Semihosting for AArch32 and AArch64"; QEMU with -semihosting-config
//         enable=on,target=native
#pragma once

#include <stdint.h>

namespace tinyformer::semihosting {

inline int Call(int operation, const void* argument) {
  register int r0 __asm("r0") = operation;
  register const void* r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory", "cc");
  return r0;
}

// Without the attribute GCC would make this a call of strlen.
__attribute__((optimize("no-tree-loop-distribute-patterns"))) inline uint32_t Length(
    const char* text) {
  uint32_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

/// A handle, or -1. mode is fopen's: 1 = "rb", 5 = "wb".
inline int Open(const char* name, uint32_t mode) {
  struct {
    const char* name;
    uint32_t mode, length;
  } block = {name, mode, Length(name)};
  return Call(0x01, &block);
}

inline int Close(int handle) { return Call(0x02, &handle); }

/// Prints text on the emulator's console.
inline void Print(const char* text) { Call(0x04, text); }

/// True when all bytes were written.
inline bool Write(int handle, const void* data, uint32_t bytes) {
  struct {
    int handle;
    const void* data;
    uint32_t bytes;
  } block = {handle, data, bytes};
  return Call(0x05, &block) == 0;
}

/// True when all bytes were read.
inline bool Read(int handle, void* data, uint32_t bytes) {
  struct {
    int handle;
    void* data;
    uint32_t bytes;
  } block = {handle, data, bytes};
  return Call(0x06, &block) == 0;
}

/// The file's length in bytes, or -1.
inline int FileLength(int handle) { return Call(0x0C, &handle); }

/// Ends the emulator with this exit status.
[[noreturn]] inline void Exit(uint32_t status) {
  uint32_t block[2] = {0x20026, status};  // ADP_Stopped_ApplicationExit
  for (;;) Call(0x20, block);
}

/// Prints "name=xxxxxxxx " in hexadecimal.
inline void PrintHex(const char* name, uint32_t value) {
  char text[10];
  for (int i = 0; i < 8; ++i) text[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15];
  text[8] = ' ';
  text[9] = '\0';
  Print(name);
  Print("=");
  Print(text);
}

}  // namespace tinyformer::semihosting
