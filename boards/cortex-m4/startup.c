// Reset, vector table and default handlers of any Cortex-M4 with FPU, in the emulator and on a
// chip.
//
// Brings up what the C++ code relies on (FPU, .data, .bss, static constructors), then calls main.
// Clocks, flash accelerators and the chip's interrupts belong to the application (see README.md).
#include <stdint.h>

extern uint32_t tf_data_start, tf_data_end, tf_data_load, tf_bss_start, tf_bss_end, tf_stack_top;
extern void (*tf_init_array_start[])(void);
extern void (*tf_init_array_end[])(void);
extern int main(void);

static volatile uint32_t* Register(uint32_t address) {
  return (volatile uint32_t*)(uintptr_t)address;  // NOLINT: that is what a device register is
}

void Default_Handler(void) {
  for (;;) __asm volatile("wfi");
}

#define TF_WEAK_HANDLER __attribute__((weak, alias("Default_Handler")))
void NMI_Handler(void) TF_WEAK_HANDLER;
void HardFault_Handler(void) TF_WEAK_HANDLER;
void MemManage_Handler(void) TF_WEAK_HANDLER;
void BusFault_Handler(void) TF_WEAK_HANDLER;
void UsageFault_Handler(void) TF_WEAK_HANDLER;
void SVC_Handler(void) TF_WEAK_HANDLER;
void DebugMon_Handler(void) TF_WEAK_HANDLER;
void PendSV_Handler(void) TF_WEAK_HANDLER;
void SysTick_Handler(void) TF_WEAK_HANDLER;

// Without the attribute GCC would turn the two loops into calls and pull memcpy and memset into
// every firmware.
__attribute__((noreturn, optimize("no-tree-loop-distribute-patterns"))) void Reset_Handler(void) {
  *Register(0xE000ED88) |= 0xFu << 20;  // CPACR: full access to the FPU
  __asm volatile("dsb\n\tisb" ::: "memory");
  const uint32_t* load = &tf_data_load;
  for (uint32_t* word = &tf_data_start; word < &tf_data_end; ++word) *word = *load++;
  for (uint32_t* word = &tf_bss_start; word < &tf_bss_end; ++word) *word = 0;
  for (void (**constructor)(void) = tf_init_array_start; constructor < tf_init_array_end;
       ++constructor) {
    (*constructor)();
  }
  main();
  for (;;) __asm volatile("wfi");
}

typedef void (*Handler)(void);

// The system entries; a chip's interrupts follow them in its own table.
__attribute__((section(".vectors"), used)) const Handler tf_vectors[16] = {
    (Handler)(uintptr_t)&tf_stack_top,
    Reset_Handler,
    NMI_Handler,
    HardFault_Handler,
    MemManage_Handler,
    BusFault_Handler,
    UsageFault_Handler,
    0,
    0,
    0,
    0,
    SVC_Handler,
    DebugMon_Handler,
    0,
    PendSV_Handler,
    SysTick_Handler,
};
