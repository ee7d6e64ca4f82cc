#include "cli/option_check.h"

// The commands include only App.hpp; the rest of CLI11, slow to compile, is compiled here for them.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/number.h"

namespace tinyformer {
namespace {

constexpr int64_t kYear = 365 * 24 * 3600;

std::string Join(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

// `takes` says whether a text is what is expected.
template <typename Takes>
CLI::Validator Check(const std::string& expected, Takes takes, const std::string& help = "") {
  return CLI::Validator(
      [=](const std::string& text) { return takes(text) ? "" : expected + "\n'" + text + "'"; },
      help);
}

}  // namespace

CLI::Validator WholeNumber(int64_t low, int64_t high) {
  return Check("a whole number from " + std::to_string(low) + " to " + std::to_string(high),
               [=](const std::string& text) {
                 int64_t value = 0;
                 return ParseNumber(text, low, high, &value);
               });
}

CLI::Validator Seconds() {
  return Check("seconds, above 0 and at most " + std::to_string(kYear) + " (a year)",
               [](const std::string& text) {
                 double value = 0;
                 return ParseNumber<double>(text, 0, kYear, &value) && value > 0;
               });
}

CLI::Validator OneOf(const std::vector<std::string>& words) {
  return Check(
      "one of: " + Join(words, ", "),
      [=](const std::string& text) {
        return std::find(words.begin(), words.end(), text) != words.end();
      },
      "{" + Join(words, ",") + "}");
}

}  // namespace tinyformer
