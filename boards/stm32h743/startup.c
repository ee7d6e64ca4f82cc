// Reset, vector table and default interrupt handlers of the STM32H743, in the emulator and on the
// chip.
//
// Brings up what the C++ code relies on (FPU, caches, .data, .bss, static constructors), then calls
// main. The clock tree is left as it is after reset (64 MHz internal oscillator): raising it to 480
// MHz depends on the crystal and the supply of the actual board, so it belongs to the application
// (see README.md).
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

// The level-1 caches after invalidating them (Arm DDI 0489, "Initializing and enabling the L1
// cache"). The emulator ignores these writes.
static void EnableCaches(void) {
  *Register(0xE000EF50) = 0;                  // ICIALLU
  for (uint32_t set = 0; set < 128; ++set) {  // 16 KB, 4 ways, 32-byte lines
    for (uint32_t way = 0; way < 4; ++way)
      *Register(0xE000EF60) = (way << 30) | (set << 5);  // DCISW
  }
  __asm volatile("dsb\n\tisb" ::: "memory");
  *Register(0xE000ED14) |= (1u << 17) | (1u << 16);  // CCR: IC, DC
  __asm volatile("dsb\n\tisb" ::: "memory");
}

// Without the attribute GCC would turn the two loops into calls and pull memcpy and memset into
// every firmware.
__attribute__((noreturn, optimize("no-tree-loop-distribute-patterns"))) void Reset_Handler(void) {
  *Register(0xE000ED88) |= 0xFu << 20;  // CPACR: full access to the FPU
  __asm volatile("dsb\n\tisb" ::: "memory");
  EnableCaches();
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

// RM0433, "NVIC": 16 system entries, then 150 interrupts.
__attribute__((section(".vectors"), used)) const Handler tf_vectors[16 + 150] = {
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
    [16 ... 16 + 149] = Default_Handler,
};
