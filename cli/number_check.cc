#include "cli/number_check.h"

#include <charconv>
#include <string>

namespace tinyformer {
namespace {

constexpr double kYear = 365.0 * 24 * 3600;

// The whole text as a T, or false.
template <typename T>
bool Parse(const std::string& text, T* value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
}

}  // namespace

CLI::Validator WholeNumber(int64_t low, int64_t high) {
  return CLI::Validator(
      [low, high](const std::string& text) -> std::string {
        int64_t value = 0;
        if (Parse(text, &value) && value >= low && value <= high) return "";
        return "'" + text + "' is not a whole number from " + std::to_string(low) + " to " +
               std::to_string(high);
      },
      "");
}

CLI::Validator Seconds() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        double value = 0;
        if (Parse(text, &value) && value > 0 && value <= kYear) return "";
        return "'" + text + "' is not a number of seconds above 0";
      },
      "");
}

}  // namespace tinyformer
