// Checks of options that take a number.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace tinyformer {

/// Takes digits only, low to high; otherwise says "'x' is not a whole number from <low> to <high>".
CLI::Validator WholeNumber(int64_t low, int64_t high);

/// Takes a number of seconds above 0, at most a year; otherwise says so.
CLI::Validator Seconds();

}  // namespace tinyformer
