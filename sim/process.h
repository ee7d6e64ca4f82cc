// Runs another program: captured output, time limit, ended when the user interrupts.
#pragma once

#include <string>
#include <vector>

namespace tinyformer {

struct ProcessResult {
  bool started = false;    ///< false: no such program, or it may not be executed
  bool timed_out = false;  ///< it was killed when the time was up
  int exit_status = -1;    ///< when it ended by itself, else -1
  int signal = 0;          ///< the signal that ended it, else 0
  std::string output;      ///< standard output and standard error together, at most 1 MB
};

/// Runs arguments[0] (found on PATH) in directory and waits. Standard input is empty. The program
/// is killed when timeout_seconds have passed, when this process dies, and when the user
/// interrupts.
///
/// Errors  Interrupted (the program is ended first)
ProcessResult RunProcess(const std::vector<std::string>& arguments, const std::string& directory,
                         double timeout_seconds);

}  // namespace tinyformer
