// Checks of what options take. Their messages have two lines, what is expected and what was found,
// which the command line's errors show as such.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace tinyformer {

/// Takes digits only (and a minus), low to high.
CLI::Validator WholeNumber(int64_t low, int64_t high);

/// Takes a number of seconds above 0, at most a year.
CLI::Validator Seconds();

/// Takes one of the words.
CLI::Validator OneOf(const std::vector<std::string>& words);

}  // namespace tinyformer
