#include "base/check.h"

namespace tinyformer::internal {

void FailCheck(const char* file, int line, const char* condition, const std::string& values) {
  throw CheckFailure(std::string(file) + ":" + std::to_string(line) +
                     ": check failed: " + condition + values);
}

}  // namespace tinyformer::internal
