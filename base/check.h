// TF_CHECK: a condition that only a bug of ours can break.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace tinyformer {

/// A bug of ours (exit status 1). Caught only by main, which prints it and asks for a report.
class CheckFailure : public std::logic_error {
  using std::logic_error::logic_error;
};

namespace internal {

[[noreturn]] void FailCheck(const char* file, int line, const char* condition,
                            const std::string& values);

template <typename... Values>
std::string JoinValues(const Values&... values) {
  std::ostringstream out;
  ((out << ' ' << values), ...);
  return out.str();
}

}  // namespace internal
}  // namespace tinyformer

/// TF_CHECK(i < n, "i", i, "n", n): throws CheckFailure with file, line, condition and the values.
#define TF_CHECK(condition, ...)                                           \
  ((condition)                                                             \
       ? (void)0                                                           \
       : ::tinyformer::internal::FailCheck(__FILE__, __LINE__, #condition, \
                                           ::tinyformer::internal::JoinValues(__VA_ARGS__)))
