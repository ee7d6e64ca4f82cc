// Breaks one rule a call: the first input byte selects which.
#include "model.h"

#define NOINLINE __attribute__((noinline))

extern "C" {
volatile uint8_t tf_guard_marker[8];
volatile uint8_t tf_guarded_memory[8];
}

namespace {

__attribute__((section(".tf_arena"),
               aligned(16))) volatile int8_t tf_model_arena[TF_MODEL_ARENA_BYTES];
const int8_t table[4] = {1, 2, 3, 4};

volatile int8_t* Pointer(uint32_t address) {
  return reinterpret_cast<volatile int8_t*>(static_cast<uintptr_t>(address));
}

NOINLINE void load_beyond_ram() { tf_model_arena[0] = *Pointer(0x20050000); }

NOINLINE void load_from_a_hole() { tf_model_arena[0] = *Pointer(0x90000000); }

NOINLINE void store_beyond_ram() { *Pointer(0x20050010) = 1; }

// Behind the arena, where the chip has RAM that no part of this firmware uses.
NOINLINE void store_behind_the_arena() { *Pointer(0x20002020) = 1; }

NOINLINE void store_into_flash() { const_cast<volatile int8_t*>(table)[1] = 1; }

NOINLINE void execute_ram() {
  tf_model_arena[0] = 0;
  auto* function =
      reinterpret_cast<void (*)()>(reinterpret_cast<uintptr_t>(&tf_model_arena[0]) | 1);
  function();
}

NOINLINE int recurse_forever(int depth) {
  volatile int local[64];
  local[depth & 63] = depth;
  return recurse_forever(depth + 1) + local[0];
}

NOINLINE void run_an_undefined_instruction() { __builtin_trap(); }

NOINLINE void loop_forever() {
  for (;;) tf_model_arena[0] = 1;
}

// A stack pointer where nothing is: not even the fault handler can be entered.
NOINLINE void lose_the_stack() {
#ifdef __arm__
  __asm volatile("mov sp, %0\n\tpush {r0}" ::"r"(0x90000000));
#endif
}

// More work for larger values: what a kernel must never do.
NOINLINE void depend_on_data(int n) {
  for (int i = 0; i < n; ++i) tf_model_arena[0] = static_cast<int8_t>(i);
}

// Guarded memory of which only the first three bytes may be read (docs/emulation.md).
NOINLINE void read_past_a_guarded_buffer() {
  tf_guard_marker[1] = 0;
  for (int i = 0; i < 3; ++i) tf_guarded_memory[i] = 0;
  tf_guard_marker[3] = 0;
  tf_model_arena[0] = tf_guarded_memory[3];
}

NOINLINE void work_by_the_data(int n) {
  for (int i = 0; i < 2; ++i) {
    tf_guard_marker[4 + i] = 0;
    depend_on_data(i * n);
    tf_guard_marker[0] = 0;
  }
}

}  // namespace

extern "C" void model_init(void) {}

extern "C" int model_invoke(const int8_t* in, int8_t* out) {
  out[0] = static_cast<int8_t>(table[in[1] & 3]);
  switch (in[0]) {
    case 1:
      load_beyond_ram();
      break;
    case 2:
      load_from_a_hole();
      break;
    case 3:
      store_beyond_ram();
      break;
    case 4:
      store_into_flash();
      break;
    case 5:
      execute_ram();
      break;
    case 6:
      return recurse_forever(in[2]);
    case 7:
      run_an_undefined_instruction();
      break;
    case 8:
      loop_forever();
      break;
    case 9:
      return 5;
    case 11:
      lose_the_stack();
      break;
    case 12:
      store_behind_the_arena();
      break;
    case 13:
      read_past_a_guarded_buffer();
      break;
    case 14:
      work_by_the_data(8);
      break;
    case 10:
      depend_on_data(in[1]);
      break;
    default:
      break;
  }
  return 0;
}
