// Runs the parity checks on an emulated Cortex-M: the DSP kernels against the reference.
#include <stdio.h>
#include <stdlib.h>

#include <new>

#include "engine/arm/emulator_support.h"
#include "engine/parity/parity.h"

namespace {

constexpr uint32_t kCases = 400;  // of each kernel

alignas(8) char heap[160 * 1024];

}  // namespace

extern "C" {

// malloc's memory.
void* _sbrk(int bytes) {
  static char* top = heap;
  if (top + bytes > heap + sizeof heap) return reinterpret_cast<void*>(-1);
  char* start = top;
  top += bytes;
  return start;
}

void HardFault_Handler() {
  tinyformer::engine::arm::print("fault\n");
  tinyformer::engine::arm::exit_emulator(2);
}

}  // extern "C"

// Without exceptions: the library's own versions would bring the unwinder along.
void* operator new(size_t bytes) {
  void* memory = malloc(bytes);
  if (memory == nullptr) {
    tinyformer::engine::arm::print("out of memory\n");
    tinyformer::engine::arm::exit_emulator(3);
  }
  return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace std {
[[noreturn]] void __throw_length_error(const char* text) {
  tinyformer::engine::arm::print(text);
  tinyformer::engine::arm::exit_emulator(4);
}
}  // namespace std

int main() {
  using namespace tinyformer::engine;
  uint32_t status = 0;
  char line[160];
  for (int32_t i = 0; i < parity::kCheckCount; ++i) {
    const parity::NamedCheck& check = parity::kChecks[i];
    const char* wrong = nullptr;
    uint32_t seed = 1;
    for (; wrong == nullptr && seed <= kCases; ++seed) wrong = check.run(seed);
    if (wrong != nullptr) {
      status = 1;
      snprintf(line, sizeof line, "%s: seed %u: %s\n", check.kernel,
               static_cast<unsigned>(seed - 1), wrong);
    } else {
      snprintf(line, sizeof line, "%s: %u random layers equal ref\n", check.kernel,
               static_cast<unsigned>(kCases));
    }
    arm::print(line);
  }
  arm::exit_emulator(status);
}
