// Port of CoreMark (its sources are not part of this repository) to the emulator: types and
// switches that it asks for.
#pragma once

#include <stddef.h>

#define HAS_FLOAT 0
#define HAS_TIME_H 0
#define USE_CLOCK 0
#define HAS_STDIO 0
#define HAS_PRINTF 0
#define SEED_METHOD SEED_VOLATILE
#define MEM_METHOD MEM_STATIC
#define MULTITHREAD 1
#define MAIN_HAS_NOARGC 1
#define MAIN_HAS_NORETURN 0
#define COMPILER_VERSION "GCC"
#define COMPILER_FLAGS "see bench/cycle_model"
#define MEM_LOCATION "STATIC"

typedef signed short ee_s16;
typedef unsigned short ee_u16;
typedef signed int ee_s32;
typedef double ee_f32;
typedef unsigned char ee_u8;
typedef unsigned int ee_u32;
typedef ee_u32 ee_ptr_int;
typedef size_t ee_size_t;
typedef ee_u32 CORE_TICKS;
typedef struct CORE_PORTABLE_S {
  ee_u8 portable_id;
} core_portable;

#define align_mem(x) (void*)(4 + (((ee_ptr_int)(x)-1) & ~3))

extern ee_u32 default_num_contexts;
void portable_init(core_portable* p, int* argc, char* argv[]);
void portable_fini(core_portable* p);
int ee_printf(const char* format, ...);
