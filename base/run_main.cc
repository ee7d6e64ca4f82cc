#include "base/run_main.h"

#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/interrupt.h"

namespace tinyformer {

int RunMain(const std::function<int()>& body) {
  CatchInterrupts();
  try {
    return body();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  } catch (const Interrupted&) {
    return 130;
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "this is a bug in tinyformer, please report it: %s\n", bug.what());
    return 1;
  }
}

}  // namespace tinyformer
