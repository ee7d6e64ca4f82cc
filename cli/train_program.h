// Programs that this one runs: tinyformer-train beside it, which links libtorch, and itself.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace tinyformer {

/// $TINYFORMER_TRAIN, else tinyformer-train beside this program.
/// Errors  cli/train-missing
std::string FindTrainProgram();

/// Replaces this process by tinyformer-train with the arguments (arguments[0] is its command).
/// Errors  cli/train-missing
[[noreturn]] void BecomeTrainProgram(const std::vector<std::string>& arguments);

struct ProgramResult {
  int status = 0;      // its exit status; 128 + signal when a signal ended it
  std::string output;  // its standard output; standard error is ours, for progress
};

/// Runs it and waits; an interrupt is passed on, so that it saves before it ends.
ProgramResult RunTrainProgram(const std::vector<std::string>& arguments);

/// Likewise this program itself, with another command.
ProgramResult RunOwnProgram(const std::vector<std::string>& arguments);

/// The error in what a program printed with --json.
/// Errors  json/key (name is what the user calls the program)
Error PrintedError(const Json& answer, const std::string& name);

/// Starts this program with another command, its standard output and error into these files; when
/// this process ends, the kernel sends it SIGTERM.
pid_t StartOwnProgram(const std::vector<std::string>& arguments, int output, int errors);

}  // namespace tinyformer
