#include <stdio.h>
#include <string.h>

#include "engine/parity/parity.h"

namespace tinyformer::engine::parity {

int32_t run_cases(const Request& request, void (*begun)(const Case&), void (*print)(const char*)) {
  int32_t failed = 0;
  char line[400];
  for (int32_t i = 0; i < kCheckCount; ++i) {
    const NamedCheck& check = kChecks[i];
    if (request.kernel != nullptr && strcmp(request.kernel, check.kernel) != 0) continue;
    uint32_t hash = 0;
    const char* wrong = nullptr;
    for (uint32_t n = 0; wrong == nullptr && n < request.cases; ++n) {
      Case c(request.first + n);
      c.begun = begun;
      wrong = check.run(c);
      hash = hash * 16777619u + c.hash;
      if (wrong == nullptr) continue;
      ++failed;
      snprintf(line, sizeof line, "%s: seed %lu: %s: %s\n", check.kernel,
               static_cast<unsigned long>(request.first + n), c.shape, wrong);
      print(line);
    }
    if (wrong != nullptr) continue;
    snprintf(line, sizeof line, "%s: %lu random layers equal ref, hash %08lx\n", check.kernel,
             static_cast<unsigned long>(request.cases), static_cast<unsigned long>(hash));
    print(line);
  }
  return failed;
}

}  // namespace tinyformer::engine::parity
