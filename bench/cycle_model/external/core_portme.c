// Port of CoreMark to the emulator: the timed part lies between two marker stores.
#include <stdint.h>

#include "coremark.h"
#include "emulator_exit.h"

volatile uint8_t tf_profile_marker[256];

// The performance run's seeds.
volatile ee_s32 seed1_volatile = 0, seed2_volatile = 0, seed3_volatile = 0x66;
volatile ee_s32 seed4_volatile = ITERATIONS, seed5_volatile = 0;
ee_u32 default_num_contexts = 1;

void start_time(void) { tf_profile_marker[1] = 0; }
void stop_time(void) { tf_profile_marker[0] = 0; }
CORE_TICKS get_time(void) { return 1; }
secs_ret time_in_secs(CORE_TICKS ticks) { return (secs_ret)ticks; }
int ee_printf(const char* format, ...) { return format != 0; }
void portable_init(core_portable* p, int* argc, char* argv[]) {
  (void)argc;
  (void)argv;
  p->portable_id = 1;
}

void portable_fini(core_portable* p) {
  p->portable_id = 0;
  ExitEmulator();
}
