// Firmware of tf_edges: runs the engine's parity checks that a request file names.
#include <stdlib.h>

#include <new>

#include "engine/parity/parity.h"
#include "sim/harness/fault_report.h"
#include "sim/harness/semihosting.h"
#include "tests/edges/guest_request.h"

namespace {

using namespace tinyformer;

alignas(8) char heap[176 * 1024];

[[noreturn]] void give_up(const char* why) {
  semihosting::Print(why);
  semihosting::Print("\n");
  semihosting::Exit(3);
}

void write_case(const engine::parity::Case& c) {
  const int file = semihosting::Open(edges::kCaseFile, 5);
  semihosting::Write(file, c.shape, semihosting::Length(c.shape));
  semihosting::Close(file);
}

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

}  // extern "C"

// Without exceptions: the library's own versions would bring the unwinder along.
void* operator new(size_t bytes) {
  void* memory = malloc(bytes);
  if (memory == nullptr) give_up("out of memory");
  return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }

namespace std {
[[noreturn]] void __throw_length_error(const char* text) { give_up(text); }
[[noreturn]] void __throw_logic_error(const char* text) { give_up(text); }
}  // namespace std

int main() {
  edges::GuestRequest asked;
  const int file = semihosting::Open(edges::kRequestFile, 1);
  if (file < 0 || !semihosting::Read(file, &asked, sizeof asked)) give_up("no request");
  semihosting::Close(file);
  const engine::parity::Request request = {asked.kernel[0] == '\0' ? nullptr : asked.kernel,
                                           asked.first, asked.cases};
  const int32_t failed = engine::parity::run_cases(request, asked.trace != 0 ? write_case : nullptr,
                                                   semihosting::Print);
  semihosting::Exit(failed > 0 ? 1 : 0);
}
