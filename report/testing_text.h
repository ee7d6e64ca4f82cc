// For tests: what a text holds.
#pragma once

#include <string>

namespace tinyformer {

/// How often `part` stands in `text`.
inline int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace tinyformer
