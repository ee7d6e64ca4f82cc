// The user's input is wrong: an error with a code, an object, what was expected and found, and one
// next step.
#pragma once

#include <exception>
#include <string>

namespace tinyformer {

/// What a user reads when their input is wrong (exit status 2).
///
/// Fields  code      "stage/kebab-case", stable: scripts may match it
///         where     the object by the user's name for it: a file, a node, an option
///         expected  what would have been accepted
///         found     what was there instead
///         fix       one next step
/// Text    error[code] where
///           expected: ...
///           found:    ...
///           fix:      ...
class Error : public std::exception {
 public:
  Error(std::string code, std::string where, std::string expected, std::string found,
        std::string fix);

  const std::string& code() const { return code_; }
  const std::string& where() const { return where_; }
  const std::string& expected() const { return expected_; }
  const std::string& found() const { return found_; }
  const std::string& fix() const { return fix_; }

  /// The four lines above, without a final newline.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string code_, where_, expected_, found_, fix_, text_;
};

/// The user (Ctrl-C, SIGTERM) asked to stop; work so far is saved. Exit status 130.
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace tinyformer
