// A braced C++ initialiser with the name of every field as a comment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

/// Collects "/*name=*/value" items and prints them wrapped at 100 columns.
class Initializer {
 public:
  Initializer& Add(const std::string& name, const std::string& value);
  Initializer& Add(const std::string& name, int64_t value);
  /// {a, b, c} as one item: a struct inside the struct, or an array.
  Initializer& Group(const std::string& name, const Initializer& inner);

  /// "{", the items on lines of their own with an indent of four, "}".
  std::string Braced() const;

 private:
  std::vector<std::string> items_;
};

}  // namespace tinyformer
