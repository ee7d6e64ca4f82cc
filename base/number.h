// A number that is the whole of a text: an option's value.
#pragma once

#include <charconv>
#include <string_view>

namespace tinyformer {

/// Reads the text as a number from low to high; false, and *number as it was, when it is anything
/// else ("", " 1", "1e3" for a whole number, "nan").
template <typename Number>
bool ParseNumber(std::string_view text, Number low, Number high, Number* number) {
  Number read{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, read);
  if (error != std::errc() || stopped != end || !(read >= low && read <= high)) return false;
  *number = read;
  return true;
}

}  // namespace tinyformer
