// The checks with the address and undefined behaviour sanitizers, whatever the build: reads past a
// buffer's end by one byte are seen.
#include <stdio.h>
#include <stdlib.h>

#include "engine/parity/parity.h"

extern "C" void __sanitizer_set_death_callback(void (*callback)());

namespace {

const tinyformer::engine::parity::Case* current = nullptr;
unsigned long seed = 0;

}  // namespace

// sanitized_edges CASES [KERNEL FIRST]
int main(int argc, char** argv) {
  using namespace tinyformer::engine::parity;
  if (argc != 2 && argc != 4) {
    fputs("usage: sanitized_edges CASES [KERNEL FIRST]\n", stderr);
    return 2;
  }
  __sanitizer_set_death_callback([] {
    if (current != nullptr) fprintf(stderr, "seed %lu: %s\n", seed, current->shape);
  });
  Request request;
  request.cases = static_cast<uint32_t>(atoi(argv[1]));
  if (argc == 4) {
    request.kernel = argv[2];
    request.first = static_cast<uint32_t>(atoi(argv[3]));
  }
  const auto begun = [](const Case& c) {
    current = &c;
    seed = c.seed;
  };
  const auto print = [](const char* line) {
    fputs(line, stdout);
    fflush(stdout);
  };
  return run_cases(request, begun, print) > 0 ? 1 : 0;
}
