// Fault handlers for the emulator: print the registers in one line that sim/emulator.cc reads, then
// end the run.
//
// Include it in exactly one file of a firmware.
#pragma once

#include "semihosting.h"

extern "C" {

/// frame: r0 r1 r2 r3 r12 lr pc psr, as the core pushed them.
__attribute__((used)) inline void tf_report_fault(const uint32_t* frame) {
  using namespace tinyformer::semihosting;
  auto system_register = [](uint32_t address) {
    return *reinterpret_cast<volatile uint32_t*>(static_cast<uintptr_t>(address));
  };
  Print("tf-fault ");
  PrintHex("pc", frame[6]);
  PrintHex("lr", frame[5]);
  PrintHex("sp", static_cast<uint32_t>(reinterpret_cast<uintptr_t>(frame)) + 32);
  PrintHex("cfsr", system_register(0xE000ED28));
  PrintHex("hfsr", system_register(0xE000ED2C));
  PrintHex("mmfar", system_register(0xE000ED34));
  PrintHex("bfar", system_register(0xE000ED38));
  Print("\n");
  Exit(100);
}

__attribute__((naked)) void HardFault_Handler() {
  __asm volatile(
      "tst lr, #4\n"
      "ite eq\n"
      "mrseq r0, msp\n"
      "mrsne r0, psp\n"
      "b tf_report_fault\n");
}

}  // extern "C"
